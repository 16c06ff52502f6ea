import * as tf from "@tensorflow/tfjs-core";

/**
 * Cross-entropy against a distribution over the labels, summed over the examples with a weight each and multiplied by
 * `inverseWeight`. With `inverseWeight` = 1 / Σ weights it is the weighted mean; micro-batches of one update all use the
 * sum of the whole update, so their losses and gradients simply add up.
 * @param logits - float32 [B, L]
 * @param targets - float32 [B, L]: a one for a hard label, probabilities for a soft one
 * @param weights - float32 [B]; 0 leaves a row out
 * @param inverseWeight - float32 []
 * @returns float32 []
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  weights: tf.Tensor1D,
  inverseWeight: tf.Scalar,
): tf.Scalar {
  const perExample = tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1)); // [B]
  return tf.mul(tf.sum(tf.mul(perExample, weights)), inverseWeight) as tf.Scalar;
}

/**
 * Weights that make every label count the same in the sum: `n / (L · n_label)`, as scikit-learn's "balanced".
 * A label that never occurs gets 0.
 */
export function balancedClassWeights(labelCounts: readonly number[]): number[] {
  const total = labelCounts.reduce((sum, count) => sum + count, 0);
  return labelCounts.map((count) => (count === 0 ? 0 : total / (labelCounts.length * count)));
}
