/**
 * Tensors as plain data, and the interface every weights format is read through. No TensorFlow.js here: whoever computes
 * turns these arrays into tensors. `HostTensor` has the same shape as the type of that name in @btp/tfjs-jit.
 */
export type HostTensor =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array<ArrayBuffer> }
  | { readonly dtype: "bool"; readonly shape: readonly number[]; readonly data: Uint8Array<ArrayBuffer> };

export interface TensorInfo {
  /** The format's own name: F32, BF16, I8 ... for safetensors; the same names are used for TensorFlow checkpoints. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** An open file (or set of files) of named tensors. Only what is asked for is read; the caller closes it. */
export interface TensorFile {
  readonly format: "safetensors" | "tensorflow-checkpoint";
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Floats of any width come as float32, integers as int32 where every value fits, booleans as 0 and 1.
   * @throws {WeightsError} TENSOR_NOT_FOUND, TENSOR_UNREADABLE, CHECKSUM_MISMATCH
   */
  read(name: string): Promise<HostTensor>;
  /** The bytes as they lie in the file, little-endian. */
  readBytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Number of elements, or undefined where it exceeds what a double holds exactly. A dimension of 0 gives 0. */
export function elementCount(shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const size of shape) {
    if (count > Number.MAX_SAFE_INTEGER / size) return undefined;
    count *= size;
  }
  return count;
}
