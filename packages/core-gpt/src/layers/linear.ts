/** The affine map behind every matrix of the model, with a low-rank adapter beside it where one is trained. */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { LinearParams } from "../params.js";
import { type Dropout, noDropout } from "./dropout.js";

/** What a fine-tuning adds to a matrix that stays as it is: `scale · down · up` (LoRA, arXiv 2106.09685). */
export interface LowRankAdapter {
  /** float32 [in, rank] */
  readonly down: Tensor;
  /** float32 [rank, out] */
  readonly up: Tensor;
  readonly scale: number;
  /** On what the adapter reads; the matrix beside it reads everything. */
  readonly dropout?: Dropout;
}

export interface AdaptedLinearParams extends LinearParams<Tensor> {
  readonly adapter?: LowRankAdapter;
}

/**
 * `x · weight + bias` for every vector of x, and `+ scale · (x · down) · up` with an adapter.
 *
 * One matrix multiplication whatever the rank of x: its leading dimensions are rows. The bias is added before the rows
 * are folded back, so that a compiler finds the sum right behind the product and computes both as one.
 * @param x - float32 [..., in]
 * @param params - weight float32 [in, out], bias float32 [out]
 * @returns float32 [..., out]
 * Source: openai/gpt-2 src/model.py#L51-L57 `conv1d`: a convolution of width 1 is this map; its weight is [1, in, out].
 */
export function linear(x: Tensor, { weight, bias, adapter }: AdaptedLinearParams): Tensor {
  const [inputs = 0, outputs = 0] = weight.shape;
  const rows = tf.reshape(x, [-1, inputs]); // [rows, in]
  const affine = tf.add(tf.matMul(rows, weight), bias); // [rows, out]
  const result = adapter === undefined ? affine : tf.add(affine, adapt(rows, adapter)); // [rows, out]
  return tf.reshape(result, [...x.shape.slice(0, -1), outputs]); // [..., out]
}

/** The scale is applied where there is least of it: [rows, in] -> [rows, rank] -> [rows, out]. */
function adapt(rows: Tensor, { down, up, scale, dropout = noDropout }: LowRankAdapter): Tensor {
  return tf.matMul(tf.mul(tf.matMul(dropout(rows), down), scale), up);
}
