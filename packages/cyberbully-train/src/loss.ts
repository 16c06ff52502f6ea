import { tiedLogits } from "@btp/core-gpt";
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
 * Cross-entropy of predicting the next token at every token, summed and multiplied by `scale`: the objective that GPT-1
 * was pretrained with and kept as an auxiliary one while it was fine-tuned (Radford et al. 2018, section 3.2, L3 = L2 + λL1).
 * `log Σ exp` is taken without subtracting the largest logit, which saves two passes over [B·T, V]: after the final
 * LayerNorm a logit is at most √D times the norm of an embedding, far from the 88 where float32's exp ends.
 * @param hidden - float32 [B, T, D], after the final LayerNorm
 * @param tokenEmbedding - float32 [V, D]
 * @param nextIds - int32 [B, T]: the token after each
 * @param nextMask - float32 [B, T]: 0 where there is none
 * @param scale - float32 []
 * @returns float32 []
 */
export function nextTokenLoss(
  hidden: tf.Tensor,
  tokenEmbedding: tf.Tensor,
  nextIds: tf.Tensor,
  nextMask: tf.Tensor,
  scale: tf.Tensor,
): tf.Scalar {
  const logSums = tf.log(tf.sum(tf.exp(tiedLogits(hidden, tokenEmbedding)), -1)); // [B, T]
  const right = tf.sum(tf.mul(hidden, tf.gather(tokenEmbedding, nextIds)), -1); // [B, T]
  return tf.mul(tf.sum(tf.mul(tf.sub(logSums, right), nextMask)), scale) as tf.Scalar;
}

/**
 * Weights that make every label count the same in the sum: `n / (L · n_label)`, as scikit-learn's "balanced".
 * A label that never occurs gets 0.
 */
export function balancedClassWeights(labelCounts: readonly number[]): number[] {
  const total = labelCounts.reduce((sum, count) => sum + count, 0);
  return labelCounts.map((count) => (count === 0 ? 0 : total / (labelCounts.length * count)));
}
