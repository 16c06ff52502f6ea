import * as tf from "@tensorflow/tfjs-core";
import { crossEntropy } from "../loss.js";

/**
 * Cross-entropy against a teacher's probabilities, both at a temperature, times its square so that its gradient does not
 * shrink with the temperature (Hinton et al. 2015, arXiv 1503.02531, section 2).
 * Shape letters: B texts, L labels.
 * @param logits - float32 [B, L]     @param targets - float32 [B, L]: probabilities at the same temperature
 * @param weights - float32 [B]       @param scale - float32 []
 * @returns float32 []
 */
export function softLoss(
  logits: tf.Tensor,
  targets: tf.Tensor,
  weights: tf.Tensor,
  scale: tf.Tensor,
  temperature: number,
): tf.Scalar {
  const cooled = temperature === 1 ? logits : tf.div(logits, temperature);
  const loss = crossEntropy(
    cooled as tf.Tensor2D,
    targets as tf.Tensor2D,
    weights as tf.Tensor1D,
    scale as tf.Scalar,
  );
  return temperature === 1 ? loss : (tf.mul(loss, temperature * temperature) as tf.Scalar);
}

/**
 * `Σ weights · (1 - cosine) · scale`. A vector of zeros has cosine 0.
 * Shape letters: B texts, K width.
 * @param given - float32 [B, K]      @param wanted - float32 [B, K]
 * @param weights - float32 [B]       @param scale - float32 []
 * @returns float32 []
 */
export function cosineLoss(
  given: tf.Tensor,
  wanted: tf.Tensor,
  weights: tf.Tensor,
  scale: tf.Tensor,
): tf.Scalar {
  const norm = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.add(tf.sum(tf.square(x), -1), 1e-12)); // [B]
  const cosine = tf.div(tf.sum(tf.mul(given, wanted), -1), tf.mul(norm(given), norm(wanted))); // [B]
  return tf.mul(tf.sum(tf.mul(tf.sub(1, cosine), weights)), scale) as tf.Scalar;
}
