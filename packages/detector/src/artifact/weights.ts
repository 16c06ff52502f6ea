/**
 * model.safetensors of a detector directory: parameters by their paths in the parameter table, in the precision that
 * config.json names, and the kept token ids. Checked completely before anything is decoded.
 */
import {
  buildClassifierParams,
  type ClassifierParams,
  classifierParameterTable,
  type GptConfig,
  type HostTensor,
  type ParameterEntry,
} from "@btp/core-gpt";
import type { SafetensorsEntry, TensorFile } from "@btp/weights-gpt2";
import { DetectorError } from "../errors.js";
import type { StoredPrecision } from "./config.js";
import { decodeInt8, encodeInt8, type ScaleAxis } from "./int8.js";

export const keptTokenIdsName = "tokenizer.keptTokenIds";

const storedType = { float32: "F32", float16: "F16", bfloat16: "BF16", int8: "I8" } as const;

export interface StoredWeights {
  /** Whatever the file holds, decoded to float32, by path. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Entries of the parameter table that the file does not hold: a delta's inherited ones. */
  readonly absent: readonly ParameterEntry[];
  readonly keptTokenIds: Int32Array | undefined;
}

export interface WeightsDescription {
  readonly architecture: GptConfig;
  readonly precision: StoredPrecision;
  readonly restricted: boolean;
  /** Whether tensors may be absent. */
  readonly delta: boolean;
}

/** Embeddings are looked up by row; every other matrix is multiplied with, and summed up by column. */
function scaleAxis(path: string): ScaleAxis {
  return path.endsWith("Embedding") ? "row" : "column";
}

/** Vectors are few and matter: in int8 they stay float32. */
function typeOf(entry: ParameterEntry, precision: StoredPrecision): "F32" | "F16" | "BF16" | "I8" {
  return precision === "int8" && entry.shape.length < 2 ? "F32" : storedType[precision];
}

/** @throws {DetectorError} WEIGHTS_INVALID listing every missing, surplus, wrongly shaped or wrongly typed tensor */
export async function readWeights(file: TensorFile, description: WeightsDescription): Promise<StoredWeights> {
  const table = classifierParameterTable(description.architecture);
  checkTensors(file, table, description);
  const tensors = new Map<string, HostTensor>();
  const absent: ParameterEntry[] = [];
  for (const entry of table) {
    const info = file.tensors.get(entry.path);
    if (info) tensors.set(entry.path, await readParameter(file, entry, info.dtype));
    else absent.push(entry);
  }
  const kept = description.restricted ? await file.read(keptTokenIdsName) : undefined;
  return { tensors, absent, keptTokenIds: kept?.dtype === "int32" ? kept.data : undefined };
}

async function readParameter(file: TensorFile, entry: ParameterEntry, dtype: string): Promise<HostTensor> {
  if (dtype !== "I8") return file.read(entry.path);
  const [rows = 0, columns = 0] = entry.shape;
  const bytes = await file.readBytes(entry.path);
  const scales = await file.read(`${entry.path}.scale`);
  const values = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = decodeInt8(
    { values, scales: Float32Array.from(scales.data) },
    rows,
    columns,
    scaleAxis(entry.path),
  );
  return { dtype: "float32", shape: entry.shape, data };
}

function checkTensors(
  file: TensorFile,
  table: readonly ParameterEntry[],
  description: WeightsDescription,
): void {
  const problems: string[] = [];
  const expected = new Map<
    string,
    { dtype: string; shape: readonly number[] | undefined; optional: boolean }
  >();
  for (const entry of table) {
    const optional = description.delta && entry.path.startsWith("gpt.");
    const dtype = typeOf(entry, description.precision);
    expected.set(entry.path, { dtype, shape: entry.shape, optional });
    if (dtype === "I8") {
      const scales = entry.shape[scaleAxis(entry.path) === "row" ? 0 : 1]!;
      expected.set(`${entry.path}.scale`, {
        dtype: "F32",
        shape: [scales],
        optional: !file.tensors.has(entry.path),
      });
    }
  }
  if (description.restricted)
    expected.set(keptTokenIdsName, { dtype: "I32", shape: undefined, optional: false });
  for (const [name, want] of expected) {
    const found = file.tensors.get(name);
    if (!found) {
      if (!want.optional) problems.push(`${name} is missing`);
      continue;
    }
    if (found.dtype !== want.dtype) problems.push(`${name} is ${found.dtype}, not ${want.dtype}`);
    if (want.shape ? found.shape.join() !== want.shape.join() : found.shape.length !== 1) {
      const shape = want.shape ? `[${want.shape.join(", ")}]` : "one-dimensional";
      problems.push(`${name} is [${found.shape.join(", ")}], not ${shape}`);
    }
  }
  for (const name of file.tensors.keys()) {
    // Names come from the file: quoted and cut, so that they cannot play tricks on a terminal.
    if (!expected.has(name)) problems.push(`${JSON.stringify(name.slice(0, 100))} does not belong there`);
  }
  if (problems.length === 0) return;
  const shown = problems.slice(0, 20).join("; ");
  const rest = problems.length > 20 ? `; and ${problems.length - 20} more` : "";
  throw new DetectorError(
    "WEIGHTS_INVALID",
    `Expected model.safetensors to fit config.json, but: ${shown}${rest}. Train the detector again or copy both files from one run.`,
  );
}

/** A delta's own and inherited tensors put together. */
export function assembleParams(
  architecture: GptConfig,
  own: ReadonlyMap<string, HostTensor>,
  inherited: ReadonlyMap<string, HostTensor>,
): ClassifierParams<HostTensor> {
  return buildClassifierParams(architecture, 2, ({ path }) => {
    const tensor = own.get(path) ?? inherited.get(path);
    if (!tensor) throw new DetectorError("WEIGHTS_INVALID", `Expected a tensor ${path}, got none.`);
    return tensor;
  });
}

/** @param tensors - float32, shapes as in the parameter table */
export function encodeWeights(
  tensors: readonly { readonly entry: ParameterEntry; readonly tensor: HostTensor }[],
  precision: StoredPrecision,
  keptTokenIds: Int32Array | undefined,
): SafetensorsEntry[] {
  const entries = tensors.flatMap(({ entry, tensor }) => encodeParameter(entry, tensor, precision));
  if (keptTokenIds) {
    entries.push({ name: keptTokenIdsName, dtype: "I32", shape: [keptTokenIds.length], data: keptTokenIds });
  }
  return entries;
}

function encodeParameter(
  entry: ParameterEntry,
  tensor: HostTensor,
  precision: StoredPrecision,
): SafetensorsEntry[] {
  const { path: name, shape } = entry;
  const data = tensor.data instanceof Float32Array ? tensor.data : Float32Array.from(tensor.data);
  const dtype = typeOf(entry, precision);
  if (dtype !== "I8") return [{ name, dtype, shape, data }];
  const [rows = 0, columns = 0] = shape;
  const { values, scales } = encodeInt8(data, rows, columns, scaleAxis(name));
  return [
    { name, dtype, shape, data: values },
    { name: `${name}.scale`, dtype: "F32", shape: [scales.length], data: scales },
  ];
}
