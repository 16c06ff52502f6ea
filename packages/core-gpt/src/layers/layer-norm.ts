/** Layer normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450). */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerNormParams } from "../params.js";

/**
 * `(x - mean) / √(variance + ε) · gain + bias`, mean and variance over the last axis.
 * @param x - float32 [..., D]
 * @param params - gain and bias, float32 [D]
 * @param epsilon - added to the variance; GPT-2: 1e-5
 * @returns float32 [..., D]
 * Source: openai/gpt-2 src/model.py#L28-L39 `norm`.
 */
export function layerNorm(x: Tensor, { gain, bias }: LayerNormParams<Tensor>, epsilon: number): Tensor {
  return tf.add(tf.mul(standardise(x, epsilon), gain), bias);
}

/**
 * `y = (x - mean) / √(variance + ε)`: each vector of the last axis gets mean 0 and variance 1.
 *
 * The gradient is written out because automatic differentiation, which follows mean and variance one by one, passes over
 * memory twice as often. With s = √(variance + ε) and dy the gradient of y it is
 * `dx = (dy - mean(dy) - y · mean(dy · y)) / s`: what is left of dy without its part along 1 and its part along y,
 * the two directions in which moving x does not move y.
 */
function standardise(x: Tensor, epsilon: number): Tensor {
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as [Tensor, tf.GradSaveFunc];
    const centred = tf.sub(x, tf.mean(x, -1, true)); // [..., D]
    const variance = tf.mean(tf.square(centred), -1, true); // [..., 1]
    const deviation = tf.sqrt(tf.add(variance, epsilon)); // [..., 1]
    const value = tf.div(centred, deviation); // [..., D]
    save([value, deviation]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [y, s] = saved as [Tensor, Tensor];
      const alongY = tf.mul(y, tf.mean(tf.mul(dy, y), -1, true)); // [..., D]
      return tf.div(tf.sub(tf.sub(dy, tf.mean(dy, -1, true)), alongY), s); // [..., D]
    };
    return { value, gradFunc };
  });
  return operation(x);
}
