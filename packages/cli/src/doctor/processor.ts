/** What the processor can do, from what the operating system says of it: /proc/cpuinfo on Linux, sysctl on macOS. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

export interface Processor {
  readonly model: string;
  readonly architecture: string;
  /** Logical processors that this process may use. */
  readonly cores: number;
  /** Vector extensions that matrix multiplications profit from, by their usual names. */
  readonly vectorExtensions: readonly string[];
}

/** Linux's flag -> the name people know. x86 first, then Arm's. */
const linuxFlags: Readonly<Record<string, string>> = {
  avx: "AVX",
  avx2: "AVX2",
  fma: "FMA",
  avx_vnni: "AVX-VNNI",
  avx512f: "AVX-512F",
  avx512_vnni: "AVX-512-VNNI",
  avx512_bf16: "AVX-512-BF16",
  avx512_fp16: "AVX-512-FP16",
  amx_tile: "AMX",
  amx_int8: "AMX-INT8",
  amx_bf16: "AMX-BF16",
  asimd: "NEON",
  asimddp: "NEON-DOTPROD",
  i8mm: "I8MM",
  bf16: "BF16",
  sve: "SVE",
  sve2: "SVE2",
};

/** sysctl hw.optional.* -> the name people know. */
const macFlags: Readonly<Record<string, string>> = {
  "hw.optional.avx2_0": "AVX2",
  "hw.optional.avx512f": "AVX-512F",
  "hw.optional.neon": "NEON",
  "hw.optional.arm.FEAT_DotProd": "NEON-DOTPROD",
  "hw.optional.arm.FEAT_I8MM": "I8MM",
  "hw.optional.arm.FEAT_BF16": "BF16",
  "hw.optional.arm.FEAT_SME": "SME",
};

export function readProcessor(): Processor {
  return {
    model: cpus()[0]?.model.trim() || "unknown",
    architecture: process.arch,
    cores: availableParallelism(),
    vectorExtensions: readVectorExtensions(),
  };
}

function readVectorExtensions(): string[] {
  try {
    if (process.platform === "linux") return parseCpuInfo(readFileSync("/proc/cpuinfo", "utf8"));
    if (process.platform === "darwin") {
      return parseSysctl(execFileSync("sysctl", ["hw.optional"], { encoding: "utf8", timeout: 5000 }));
    }
  } catch {
    // Not told here: an empty list, and the report says so.
  }
  return [];
}

/** The first processor's `flags` (x86) or `Features` (Arm). */
export function parseCpuInfo(text: string): string[] {
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1] ?? "";
  const present = new Set(flags.split(/\s+/));
  return Object.entries(linuxFlags).flatMap(([flag, name]) => (present.has(flag) ? [name] : []));
}

export function parseSysctl(text: string): string[] {
  const values = new Map(
    text.split("\n").map((line) => [line.split(":")[0] ?? "", line.split(":")[1]?.trim()]),
  );
  return Object.entries(macFlags).flatMap(([key, name]) => (values.get(key) === "1" ? [name] : []));
}
