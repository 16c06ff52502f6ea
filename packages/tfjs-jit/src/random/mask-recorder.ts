/**
 * Where dropout finds out that it is being recorded. TensorFlow.js calls user functions synchronously, so one variable
 * that is set around the call is enough.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { RandomSource } from "../random-source.js";

/** What the compiler needs of a source on top of the public contract. */
export interface MaskSource extends RandomSource {
  /** `count` bytes, 1 with probability 1 - rate, else 0; the state moves on. */
  drawMask(count: number, rate: number): Uint8Array<ArrayBuffer>;
}

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
