import { expect, it } from "vitest";
import { parseCpuInfo, parseSysctl } from "./processor.js";

it("names the vector extensions of an x86 processor", () => {
  const text =
    "processor\t: 0\nflags\t\t: fpu avx avx2 fma avx512f avx512_vnni amx_tile amx_int8\n\nprocessor\t: 1\n";
  expect(parseCpuInfo(text)).toEqual(["AVX", "AVX2", "FMA", "AVX-512F", "AVX-512-VNNI", "AMX", "AMX-INT8"]);
});

it("names those of an Arm processor", () => {
  expect(parseCpuInfo("Features\t: fp asimd asimddp sve i8mm bf16\n")).toEqual([
    "NEON",
    "NEON-DOTPROD",
    "I8MM",
    "BF16",
    "SVE",
  ]);
});

it("names those of a Mac", () => {
  expect(
    parseSysctl("hw.optional.neon: 1\nhw.optional.arm.FEAT_BF16: 0\nhw.optional.arm.FEAT_I8MM: 1\n"),
  ).toEqual(["NEON", "I8MM"]);
});

it("names none where nothing is told", () => {
  expect(parseCpuInfo("")).toEqual([]);
  expect(parseSysctl("")).toEqual([]);
});
