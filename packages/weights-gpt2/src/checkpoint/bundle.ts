/**
 * The records inside a checkpoint's index: BundleHeaderProto under the empty key, and one BundleEntryProto a variable
 * (type, shape, shard, offset, size, checksum). Source: tensorflow/core/protobuf/tensor_bundle.proto.
 */
import { DTYPE_BYTES } from "../decode.js";
import { quoteName } from "../errors.js";
import { elementCount } from "../tensor.js";
import { type ProtoField, protoFields } from "./byte-reader.js";
import type { TableEntry } from "./sorted-table.js";

export interface BundleVariable {
  readonly name: string;
  /** safetensors' name for the type, or TensorFlow's own ("string") where there is none. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly byteLength: number;
  readonly maskedCrc: number;
}

export interface Bundle {
  readonly numShards: number;
  readonly variables: readonly BundleVariable[];
}

/** Source: tensorflow/core/framework/types.proto. */
const DTYPES: ReadonlyMap<number, string> = new Map([
  [1, "F32"],
  [2, "F64"],
  [3, "I32"],
  [4, "U8"],
  [5, "I16"],
  [6, "I8"],
  [7, "string"],
  [8, "C64"],
  [9, "I64"],
  [10, "BOOL"],
  [14, "BF16"],
  [17, "U16"],
  [19, "F16"],
  [22, "U32"],
  [23, "U64"],
]);
const MAX_SHARDS = 10_000;
const MAX_RANK = 254;

/** Problems are added to the list; variables that have one are left out. */
export function readBundle(entries: readonly TableEntry[], problems: string[]): Bundle {
  const [header, ...rest] = entries;
  if (header === undefined || header.key !== "") {
    problems.push("its first record is not a bundle header");
    return { numShards: 0, variables: [] };
  }
  const numShards = readHeader(header.value, problems);
  const variables: BundleVariable[] = [];
  for (const { key, value } of rest) {
    const report = (problem: string): void => void problems.push(`variable ${quoteName(key)}: ${problem}`);
    try {
      const variable = readEntry(key, value, numShards);
      if (typeof variable === "string") report(variable);
      else variables.push(variable);
    } catch (error) {
      report(error instanceof Error ? error.message : "its record cannot be read");
    }
  }
  return { numShards, variables };
}

function readHeader(bytes: Uint8Array, problems: string[]): number {
  let numShards = 0;
  try {
    for (const { number, value } of protoFields(bytes)) {
      if (number === 1) numShards = asNumber(value);
      if (number === 2 && asNumber(value) !== 0)
        problems.push("it is big-endian, which no current platform writes");
    }
  } catch (error) {
    problems.push(`its header: ${error instanceof Error ? error.message : "cannot be read"}`);
  }
  if (numShards < 1 || numShards > MAX_SHARDS)
    problems.push(`it claims ${numShards} shards (1 to ${MAX_SHARDS})`);
  return numShards;
}

function asNumber(value: ProtoField["value"]): number {
  if (typeof value !== "number") throw new Error("a field that should be a number is not");
  return value;
}

function asBytes(value: ProtoField["value"]): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error("a field that should be a message is not");
  return value;
}

/** The variable, or what is wrong with it. */
function readEntry(name: string, bytes: Uint8Array, numShards: number): BundleVariable | string {
  let type = 0;
  let shape: number[] = [];
  let shard = 0;
  let offset = 0;
  let size = 0;
  let crc: number | undefined;
  for (const { number, value } of protoFields(bytes)) {
    if (number === 1) type = asNumber(value);
    else if (number === 2) shape = readShape(asBytes(value));
    else if (number === 3) shard = asNumber(value);
    else if (number === 4) offset = asNumber(value);
    else if (number === 5) size = asNumber(value);
    else if (number === 6) crc = asNumber(value);
    else if (number === 7) return "it is split into slices; save it without a partitioner";
  }
  const dtype = DTYPES.get(type);
  if (dtype === undefined) return `unknown type ${type}`;
  if (crc === undefined) return "it has no checksum";
  if (shard >= numShards) return `it lies in shard ${shard} of ${numShards}`;
  const width = DTYPE_BYTES.get(dtype);
  const count = elementCount(shape);
  // A string's size depends on its text; it can be listed, not read.
  if (width !== undefined) {
    if (count === undefined || count > Number.MAX_SAFE_INTEGER / width)
      return `its shape [${shape.join(", ")}] overflows`;
    if (count * width !== size) {
      return `${dtype} [${shape.join(", ")}] takes ${count * width} bytes, its record says ${size}`;
    }
  }
  if (offset > Number.MAX_SAFE_INTEGER - size) return "its offset overflows";
  return { name, dtype, shape, shard, offset, byteLength: size, maskedCrc: crc };
}

function readShape(bytes: Uint8Array): number[] {
  const shape: number[] = [];
  for (const { number, value } of protoFields(bytes)) {
    if (number === 3 && asNumber(value) !== 0) throw new Error("its rank is unknown");
    if (number !== 2) continue;
    // An absent size is a dimension of 0; -1 (unknown) takes ten bytes and is refused as larger than 2^53.
    let size = 0;
    for (const dim of protoFields(asBytes(value))) if (dim.number === 1) size = asNumber(dim.value);
    if (shape.push(size) > MAX_RANK) throw new Error(`it has more than ${MAX_RANK} dimensions`);
  }
  return shape;
}
