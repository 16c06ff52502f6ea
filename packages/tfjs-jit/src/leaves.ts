/** Recognises the three kinds of leaves a tree may hold, and the values that stand between them. */
import * as tf from "@tensorflow/tfjs-core";
import type { HostTensor } from "./host-tensor.js";
import type { TensorSpec } from "./tensor-spec.js";

export function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

export function isHostTensor(value: unknown): value is HostTensor {
  return isTypedShape(value) && "data" in value && ArrayBuffer.isView(value.data);
}

export function isTensorSpec(value: unknown): value is TensorSpec {
  return isTypedShape(value) && !isTensor(value);
}

function isTypedShape(value: unknown): value is { dtype: string; shape: readonly unknown[] } {
  return (
    typeof value === "object" &&
    value !== null &&
    "dtype" in value &&
    typeof value.dtype === "string" &&
    "shape" in value &&
    Array.isArray(value.shape)
  );
}
