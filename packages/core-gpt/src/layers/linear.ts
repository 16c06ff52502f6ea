/** The affine map behind every matrix of the model. */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { LinearParams } from "../params.js";

/**
 * `x · weight + bias` for every vector of x.
 *
 * One matrix multiplication whatever the rank of x: its leading dimensions are rows. The bias is added before the rows
 * are folded back, so that a compiler finds the sum right behind the product and computes both as one.
 * @param x - float32 [..., in]
 * @param params - weight float32 [in, out], bias float32 [out]
 * @returns float32 [..., out]
 * Source: openai/gpt-2 src/model.py#L51-L57 `conv1d`: a convolution of width 1 is this map; its weight is [1, in, out].
 */
export function linear(x: Tensor, { weight, bias }: LinearParams<Tensor>): Tensor {
  const [inputs = 0, outputs = 0] = weight.shape;
  const rows = tf.reshape(x, [-1, inputs]); // [rows, in]
  const result = tf.add(tf.matMul(rows, weight), bias); // [rows, out]
  return tf.reshape(result, [...x.shape.slice(0, -1), outputs]); // [..., out]
}
