/**
 * What is in a weights file, and whether it is whole: the data behind `weights inspect` and `weights verify`. Everything
 * returned can be written as JSON; formatInspection makes the table for people.
 */
import { basename, dirname } from "node:path";
import type { GptConfig } from "@btp/core-gpt";
import { WeightsError } from "./errors.js";
import { readConfig } from "./mapping/config.js";
import { type LocatedWeights, locateWeights, openLocated } from "./mapping/open.js";
import { planLoad } from "./mapping/plan.js";
import { hashFile, readComplete } from "./source/cache-folder.js";
import { findModel, MODEL_NAMES } from "./source/manifest.js";
import { formatBytes } from "./source/progress.js";
import { elementCount, type HostTensor, type TensorFile } from "./tensor.js";

export interface InspectedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export interface Inspection {
  readonly form: LocatedWeights["form"];
  readonly path: string;
  readonly tensors: readonly InspectedTensor[];
  readonly parameters: number;
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** null: there is none beside the weights, or it describes no GPT-2. */
  readonly config: GptConfig | null;
  /** How the tensors fit that configuration: "fits", or what does not. */
  readonly mapping: "fits" | readonly string[];
}

/**
 * Reads headers only, whatever the size of the file.
 * @throws {WeightsError} NOT_FOUND, UNREADABLE, SAFETENSORS_INVALID, CHECKPOINT_INVALID
 */
export async function inspectWeights(path: string): Promise<Inspection> {
  const located = await locateWeights(path);
  const file = await openLocated(located);
  try {
    const tensors = [...file.tensors].map(([name, { dtype, shape, byteLength }]) => ({
      name,
      dtype,
      shape,
      bytes: byteLength,
    }));
    return {
      form: located.form,
      path: located.path,
      tensors,
      parameters: tensors.reduce((sum, { shape }) => sum + (elementCount(shape) ?? 0), 0),
      bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
      metadata: file.metadata,
      ...(await judgeMapping(file, located)),
    };
  } finally {
    await file.close();
  }
}

async function judgeMapping(
  file: TensorFile,
  { configPath }: LocatedWeights,
): Promise<Pick<Inspection, "config" | "mapping">> {
  if (configPath === undefined) {
    return { config: null, mapping: ["there is no config.json or hparams.json beside the weights"] };
  }
  let config: GptConfig | null = null;
  try {
    config = await readConfig(configPath);
    planLoad(file, config);
    return { config, mapping: "fits" };
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    return { config, mapping: error.problems.length > 0 ? error.problems : [error.message] };
  }
}

export interface Verification {
  readonly ok: boolean;
  readonly path: string;
  readonly form: LocatedWeights["form"];
  /** Everything that is wrong; empty where `ok`. */
  readonly problems: readonly string[];
  readonly tensorsRead: number;
  readonly sha256: string;
  /** The file that was hashed: the weights where they are one file, else their index. */
  readonly hashed: string;
  /** What the bytes were compared with, strongest first. */
  readonly checkedAgainst:
    | "published hash"
    | "hash at download"
    | "checksums in the file"
    | "nothing but itself";
}

export interface VerifyOptions {
  /** A published size ("gpt2"): its known hash is required. Default: found by the hash itself where it is known. */
  readonly model?: string;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly name: string;
  }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads every byte: structure, checksums, the mapping to the architecture, and that no value is NaN or infinite.
 * A file that is damaged is a result, not an exception.
 * @throws {WeightsError} NOT_FOUND, UNKNOWN_MODEL, ABORTED
 */
export async function verifyWeights(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const located = await locateWeights(path);
  const problems: string[] = [];
  const recorded = await collecting(problems, () => readComplete(dirname(located.path), true));
  const sha256 = await hashFile(located.path);
  const published =
    options.model === undefined ? undefined : publishedHash(options.model, basename(located.path));
  if (published !== undefined && published !== sha256) {
    problems.push(`SHA-256 is ${sha256}; the published ${options.model} has ${published}`);
  }
  const tensorsRead = (await collecting(problems, () => readEverything(located, problems, options))) ?? 0;
  const isKnown = MODEL_NAMES.some((name) => publishedHash(name, basename(located.path)) === sha256);
  return {
    ok: problems.length === 0,
    path: located.path,
    form: located.form,
    problems,
    tensorsRead,
    sha256,
    hashed: basename(located.path),
    checkedAgainst: isKnown
      ? "published hash"
      : recorded !== undefined
        ? "hash at download"
        : located.form === "tensorflow-checkpoint"
          ? "checksums in the file"
          : "nothing but itself",
  };
}

function publishedHash(model: string, file: string): string | undefined {
  const pinned = findModel(model);
  if (pinned === undefined)
    throw new WeightsError("UNKNOWN_MODEL", `Unknown model ${JSON.stringify(model)}.`);
  return pinned.huggingFaceFiles.find(({ name }) => name === file)?.sha256;
}

/** Runs a step; a WeightsError goes to the list instead of ending the verification. */
async function collecting<T>(problems: string[], step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof WeightsError) || error.code === "ABORTED") throw error;
    problems.push(...(error.problems.length > 0 ? error.problems : [error.message]));
    return undefined;
  }
}

async function readEverything(
  located: LocatedWeights,
  problems: string[],
  { onProgress, signal }: VerifyOptions,
): Promise<number> {
  const file = await openLocated(located);
  try {
    const { mapping } = await judgeMapping(file, located);
    if (mapping !== "fits") problems.push(...mapping);
    let done = 0;
    for (const [name, { dtype }] of file.tensors) {
      if (signal?.aborted) throw new WeightsError("ABORTED", "The verification was stopped.");
      await collecting(problems, async () => {
        if (!/^(?:F64|F32|F16|BF16)$/.test(dtype)) return void (await file.readBytes(name));
        const bad = countNonFinite(await file.read(name));
        if (bad > 0) problems.push(`${JSON.stringify(name)}: ${bad} values are NaN or infinite`);
      });
      done++;
      onProgress?.({ done, total: file.tensors.size, name });
    }
    return done;
  } finally {
    await file.close();
  }
}

function countNonFinite({ data }: HostTensor): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) count++;
  return count;
}

/** The table of tensors, the totals and the verdict on the mapping, as lines for a terminal. */
export function formatInspection(inspection: Inspection): string {
  const rows = inspection.tensors.map(({ name, dtype, shape, bytes }) => [
    // Names come from the file; control characters could drive the terminal.
    JSON.stringify(name).slice(1, -1),
    dtype,
    `[${shape.join(", ")}]`,
    formatBytes(bytes),
  ]);
  const header = ["tensor", "dtype", "shape", "size"];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ");
  const { config, mapping } = inspection;
  const architecture =
    config === null
      ? "unknown"
      : `${config.numLayers} blocks, ${config.width} wide, ${config.numHeads} heads, ${config.vocabSize} ids, ${config.contextLength} positions`;
  return [
    line(header),
    ...rows.map(line),
    "",
    `${inspection.path} (${inspection.form})`,
    `${rows.length} tensors, ${inspection.parameters.toLocaleString("en")} values, ${formatBytes(inspection.bytes)}`,
    `architecture: ${architecture}`,
    ...(mapping === "fits" ? ["mapping: fits"] : ["mapping:", ...mapping.map((problem) => `  - ${problem}`)]),
  ].join("\n");
}
