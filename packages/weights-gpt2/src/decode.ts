/**
 * From the bytes of one stored tensor to a HostTensor. Float32 and int32 are read straight into their final array; every
 * other type goes through a buffer of 1 MiB, so memory stays at the size of the result. The host must be little-endian
 * (every platform Node.js is released for, but for s390x and AIX, is).
 */
import type { ByteSource } from "./byte-source.js";
import { quoteName, WeightsError } from "./errors.js";
import { decodeBfloat16, decodeBinary16 } from "./half-float.js";
import type { HostTensor } from "./tensor.js";

/** Bytes an element, by safetensors' dtype name; TensorFlow's types are translated to these names. */
export const DTYPE_BYTES: ReadonlyMap<string, number> = new Map([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["F8_E4M3", 1],
  ["F8_E5M2", 1],
  ["F8_E8M0", 1],
  ["U16", 2],
  ["I16", 2],
  ["F16", 2],
  ["BF16", 2],
  ["U32", 4],
  ["I32", 4],
  ["F32", 4],
  ["U64", 8],
  ["I64", 8],
  ["F64", 8],
  ["C64", 8],
]);

/** A multiple of every element size, so that no element straddles two chunks. */
const CHUNK_BYTES = 2 ** 20;

export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its bytes begin in the source. */
  readonly position: number;
  readonly byteLength: number;
}

/** Sees the raw bytes in order, to compute a checksum on the way. */
export type ByteObserver = (bytes: Uint8Array) => void;

/** Decodes `count` elements of one chunk into the result from element `at` on; returns false where a value does not fit. */
type ChunkDecoder = (chunk: Uint8Array<ArrayBuffer>, count: number, at: number) => boolean;

export async function readStoredBytes(
  source: ByteSource,
  tensor: StoredTensor,
  observe?: ByteObserver,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(tensor.byteLength);
  await readStraight(source, tensor, bytes, observe);
  return bytes;
}

async function readStraight(
  source: ByteSource,
  tensor: StoredTensor,
  target: Uint8Array,
  observe: ByteObserver | undefined,
): Promise<void> {
  if (observe === undefined) return source.readInto(target, tensor.position);
  // In pieces, so that the observer reads what is still in the processor's cache; the next one is under way meanwhile.
  const piece = (from: number): Uint8Array => target.subarray(from, from + CHUNK_BYTES);
  const read = (from: number): Promise<void> => source.readInto(piece(from), tensor.position + from);
  let reading = read(0);
  for (let done = 0; done < target.byteLength; done += CHUNK_BYTES) {
    await reading;
    if (done + CHUNK_BYTES < target.byteLength) reading = read(done + CHUNK_BYTES);
    observe(piece(done));
  }
  await reading;
}

/** @throws {WeightsError} TENSOR_UNREADABLE for types without a float32, int32 or bool form and integers beyond 32 bits */
export async function readStoredTensor(
  source: ByteSource,
  tensor: StoredTensor,
  observe?: ByteObserver,
): Promise<HostTensor> {
  const { shape, dtype } = tensor;
  const width = DTYPE_BYTES.get(dtype);
  const count = width === undefined ? 0 : tensor.byteLength / width;
  if (dtype === "F32") {
    const data = new Float32Array(count);
    await readStraight(source, tensor, new Uint8Array(data.buffer), observe);
    return { dtype: "float32", shape, data };
  }
  if (dtype === "I32") {
    const data = new Int32Array(count);
    await readStraight(source, tensor, new Uint8Array(data.buffer), observe);
    return { dtype: "int32", shape, data };
  }
  if (dtype === "BOOL") {
    const data = await readStoredBytes(source, tensor, observe);
    if (data.some((value) => value > 1)) throw unreadable(tensor, "a boolean is neither 0 nor 1");
    return { dtype: "bool", shape, data };
  }
  if (dtype === "F16" || dtype === "BF16" || dtype === "F64") {
    const data = new Float32Array(count);
    await readChunks(source, tensor, floatDecoder(dtype, data), observe);
    return { dtype: "float32", shape, data };
  }
  const views = INTEGER_VIEWS[dtype];
  if (views === undefined || width === undefined) {
    throw unreadable(tensor, `${dtype} has no float32, int32 or bool form; readBytes gives it as it is`);
  }
  const data = new Int32Array(count);
  await readChunks(source, tensor, integerDecoder(views, data), observe);
  return { dtype: "int32", shape, data };
}

function unreadable(tensor: StoredTensor, reason: string): WeightsError {
  return new WeightsError("TENSOR_UNREADABLE", `Tensor ${quoteName(tensor.name)}: ${reason}.`);
}

async function readChunks(
  source: ByteSource,
  tensor: StoredTensor,
  decode: ChunkDecoder,
  observe: ByteObserver | undefined,
): Promise<void> {
  const width = DTYPE_BYTES.get(tensor.dtype)!;
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, tensor.byteLength));
  for (let done = 0; done < tensor.byteLength; done += CHUNK_BYTES) {
    const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, tensor.byteLength - done));
    await source.readInto(chunk, tensor.position + done);
    observe?.(chunk);
    if (!decode(chunk, chunk.byteLength / width, done / width)) {
      throw unreadable(tensor, `a value of type ${tensor.dtype} does not fit in 32 bits`);
    }
  }
}

function floatDecoder(dtype: "F16" | "BF16" | "F64", data: Float32Array): ChunkDecoder {
  return (chunk, count, at) => {
    const target = data.subarray(at, at + count);
    if (dtype === "F64") target.set(new Float64Array(chunk.buffer, chunk.byteOffset, count));
    else if (dtype === "F16") decodeBinary16(new Uint16Array(chunk.buffer, chunk.byteOffset, count), target);
    else decodeBfloat16(new Uint16Array(chunk.buffer, chunk.byteOffset, count), target);
    return true;
  };
}

type IntegerView = (
  chunk: Uint8Array<ArrayBuffer>,
  count: number,
) => ArrayLike<number> | BigInt64Array | BigUint64Array;

const INTEGER_VIEWS: Readonly<Record<string, IntegerView>> = {
  U8: (chunk) => chunk,
  I8: (chunk, count) => new Int8Array(chunk.buffer, chunk.byteOffset, count),
  U16: (chunk, count) => new Uint16Array(chunk.buffer, chunk.byteOffset, count),
  I16: (chunk, count) => new Int16Array(chunk.buffer, chunk.byteOffset, count),
  U32: (chunk, count) => new Uint32Array(chunk.buffer, chunk.byteOffset, count),
  U64: (chunk, count) => new BigUint64Array(chunk.buffer, chunk.byteOffset, count),
  I64: (chunk, count) => new BigInt64Array(chunk.buffer, chunk.byteOffset, count),
};

function integerDecoder(view: IntegerView, data: Int32Array): ChunkDecoder {
  return (chunk, count, at) => {
    const values = view(chunk, count);
    for (let i = 0; i < count; i++) {
      // Exact for every value inside 32 bits; larger ones fail the comparison whatever the rounding.
      const value = Number(values[i]);
      data[at + i] = value;
      if (data[at + i] !== value) return false;
    }
    return true;
  };
}
