/**
 * A tensor as plain data, as parameters are kept outside of functions: structurally the same as tfjs-jit's HostTensor,
 * which core-gpt does not depend on.
 */
export interface HostTensor {
  readonly dtype: "float32" | "int32" | "bool";
  /** Row-major; `data.length` is the product of `shape`. */
  readonly shape: readonly number[];
  /** float32: Float32Array; int32: Int32Array; bool: Uint8Array of 0 and 1. */
  readonly data: Float32Array | Int32Array | Uint8Array;
}
