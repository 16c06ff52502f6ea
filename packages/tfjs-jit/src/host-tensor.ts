/**
 * A tensor as plain data: what goes into a program and what comes out of it, whichever engine runs it.
 * It belongs to nobody and needs no disposal; the garbage collector takes it.
 */
export type DataType = "float32" | "int32" | "bool";

export type HostArray = Float32Array | Int32Array | Uint8Array;

export interface HostTensor {
  readonly dtype: DataType;
  /** Row-major; `data.length` is the product of `shape`. */
  readonly shape: readonly number[];
  /** float32: Float32Array; int32: Int32Array; bool: Uint8Array of 0 and 1. */
  readonly data: HostArray;
}
