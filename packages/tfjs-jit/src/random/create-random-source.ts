/**
 * The seeded generator behind dropout. Eagerly it draws a mask at once; while a function is being recorded it
 * registers an input that every run of the program draws anew, in the order of the calls, so that the same seed gives
 * the same masks in both ways.
 */
import * as tf from "@tensorflow/tfjs-core";
import { JitError } from "../errors.js";
import type { RandomState } from "../random-source.js";
import type { TensorLike } from "../tensor-like.js";
import { currentMaskRecorder } from "./mask-recorder.js";
import type { MaskSource } from "./mask-source.js";
import { checkRandomState, drawMask, stateFromSeed } from "./xoshiro.js";

/**
 * @param start - a whole number, or the state of another source, to go on exactly from there
 * @throws {JitError} INVALID_RANDOM
 */
export function createRandomSource(start: number | RandomState): MaskSource {
  let state = typeof start === "number" ? stateFromSeed(start) : checkRandomState(start);
  const source: MaskSource = {
    dropout<T extends TensorLike>(x: T, rate: number): T {
      if (!(rate >= 0 && rate < 1)) {
        throw new JitError("INVALID_RANDOM", `a dropout rate must be at least 0 and below 1, but is ${rate}`);
      }
      if (rate === 0) return x;
      const tensor = x as unknown as tf.Tensor; // the contract names no type of TensorFlow.js
      const dropped = tf.tidy(() => {
        const recorder = currentMaskRecorder();
        const mask =
          recorder === undefined
            ? tf.tensor(source.drawMask(tensor.size, rate), tensor.shape, "bool")
            : recorder.mask(source, tensor.shape, rate);
        return tf.mul(tensor, tf.mul(tf.cast(mask, "float32"), 1 / (1 - rate)));
      });
      return dropped as unknown as T;
    },
    drawMask(count, rate) {
      const drawn = drawMask(state, count, rate);
      state = drawn.state;
      return drawn.mask;
    },
    getState: () => state,
    setState(next) {
      state = checkRandomState(next);
    },
  };
  return source;
}
