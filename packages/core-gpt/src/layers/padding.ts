/**
 * A batch is a rectangle: shorter messages are padded to the longest. Most of a block (LayerNorm, linear maps, the MLP) looks
 * at one token at a time and can leave the padding out; attention alone needs to know whose neighbour a token is. So the
 * stream through the blocks may hold real tokens only, and attention lays them out as a rectangle for as long as it needs.
 *
 * Shape letters: B messages, T tokens of the longest, R real tokens of all messages together, D width.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { HostTensor } from "../host-tensor.js";

/** How a batch changes between its two forms: an argument of the layers, as `Dropout` is. */
export interface Padding {
  /** float32 [B, T, D] -> [R, D] */
  unpad(x: Tensor): Tensor;
  /** float32 [R, D] -> [B, T, D]; what padding holds is finite and means nothing. */
  pad(x: Tensor): Tensor;
}

/** One form only: the rectangle goes through everything, [B, T, D]. */
export const keepPadding: Padding = { unpad: (x) => x, pad: (x) => x };

/** Where a batch's real tokens are; `layOutPadding` makes it. `T` is a tensor inside a program, host data outside. */
export interface PaddingLayout<T> {
  /** int32 [R]: places of the real tokens among the B·T of the rectangle, ascending; at least one */
  readonly rows: T;
  /** int32 [B, T]: for a real token its place among the R, for padding any */
  readonly slots: T;
}

/**
 * Both directions are reads of whole rows, and each is the other's gradient, which is why it is written out: automatic
 * differentiation would add up rows one by one, not knowing that no two go to the same place.
 * @param mask - float32 [B, T]: 1 for a token of the message, 0 for padding
 */
export function skipPadding({ rows, slots }: PaddingLayout<Tensor>, mask: Tensor): Padding {
  const unpad = (x: Tensor): Tensor => {
    const [batch = 0, tokens = 0, width = 0] = x.shape;
    return tf.gather(tf.reshape(x, [batch * tokens, width]), rows); // [R, D]
  };
  const pad = (x: Tensor): Tensor => tf.gather(x, slots); // [B, T, D]
  // Padding is not read by `unpad`, so nothing depends on it: its gradient is 0, not that of the row in its slot.
  const padWithZeros = (dy: Tensor): Tensor => tf.mul(pad(dy), tf.expandDims(mask, -1));
  return { unpad: withGradient(unpad, padWithZeros), pad: withGradient(pad, unpad) };
}

function withGradient(value: (x: Tensor) => Tensor, gradient: (dy: Tensor) => Tensor): (x: Tensor) => Tensor {
  return tf.customGrad((...inputs) => {
    const [x] = inputs as [Tensor];
    return { value: value(x), gradFunc: (dy: Tensor) => gradient(dy) };
  });
}

/**
 * The layout of a batch that is padded on the right.
 * @param lengths - tokens of each message, from 0 to `tokens`
 * @param tokens - T
 */
export function layOutPadding(lengths: readonly number[], tokens: number): PaddingLayout<HostTensor> {
  const real = lengths.reduce((sum, length) => sum + length, 0);
  const rows = new Int32Array(Math.max(1, real)); // an empty tensor is nothing to compute with: one padding token stands in
  const slots = new Int32Array(lengths.length * tokens);
  let next = 0;
  lengths.forEach((length, message) => {
    for (let t = 0; t < length; t++) {
      rows[next] = message * tokens + t;
      slots[message * tokens + t] = next++;
    }
  });
  return {
    rows: { dtype: "int32", shape: [rows.length], data: rows },
    slots: { dtype: "int32", shape: [lengths.length, tokens], data: slots },
  };
}
