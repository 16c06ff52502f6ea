/** The activation function of GPT-2 (Hendrycks and Gimpel 2016, arXiv 1606.08415), in its tanh form. */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";

const rate = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/**
 * `½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`, for each element.
 *
 * GPT-2 was trained with this approximation of `x·Φ(x)`; the exact function (with erf) moves its logits.
 *
 * The gradient is written out to use what the forward pass has already computed. With t the tanh:
 * `dy/dx = (1 + t) · (½ + (x - y)·√(2/π)·(1 + 3·0.044715·x²))`,
 * which is the product rule with `½·x·(1 - t²) = (1 + t)·½·x·(1 - t) = (1 + t)·(x - y)` put in.
 * @param x - float32, any shape
 * @returns float32, the same shape
 * Source: openai/gpt-2 src/model.py#L25-L26 `gelu`.
 */
export function gelu(x: Tensor): Tensor {
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as [Tensor, tf.GradSaveFunc];
    const cube = tf.mul(x, tf.mul(x, x));
    const tanh = tf.tanh(tf.mul(rate, tf.add(x, tf.mul(cubic, cube))));
    const onePlusTanh = tf.add(1, tanh);
    const value = tf.mul(tf.mul(x, 0.5), onePlusTanh);
    save([x, value, onePlusTanh]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => {
      const [x, y, onePlusTanh] = saved as [Tensor, Tensor, Tensor];
      const slope = tf.add(rate, tf.mul(3 * cubic * rate, tf.mul(x, x)));
      return tf.mul(dy, tf.mul(onePlusTanh, tf.add(0.5, tf.mul(tf.sub(x, y), slope))));
    };
    return { value, gradFunc };
  });
  return operation(x);
}
