import type { DataType } from "./host-tensor.js";

/** A size, or the name of a symbolic dimension: the same name is the same size, known only when the program runs. */
export type Dimension = number | string;

/** The type of a tensor: what a function is recorded with in place of values. */
export interface TensorSpec {
  readonly dtype: DataType;
  readonly shape: readonly Dimension[];
}

/** `tensorSpec("int32", ["batch", "sequence"])` */
export function tensorSpec(dtype: DataType, shape: readonly Dimension[]): TensorSpec {
  return { dtype, shape };
}
