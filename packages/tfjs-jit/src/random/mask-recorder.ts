/**
 * Where dropout finds out that it is being recorded. TensorFlow.js calls user functions synchronously, so one variable
 * that is set around the call is enough.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { MaskSource } from "./mask-source.js";

export interface MaskRecorder {
  /** A placeholder, bool, of that shape: an input of the program that `source` fills at each run. */
  mask(source: MaskSource, shape: readonly number[], rate: number): Tensor;
}

let current: MaskRecorder | undefined;

export function currentMaskRecorder(): MaskRecorder | undefined {
  return current;
}

/** Calls `f` with `recorder` answering every dropout. */
export function withMaskRecorder<R>(recorder: MaskRecorder, f: () => R): R {
  const outer = current;
  current = recorder;
  try {
    return f();
  } finally {
    current = outer;
  }
}
