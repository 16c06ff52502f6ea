import * as tf from "@tensorflow/tfjs-core";

/**
 * Norm of all gradients taken as one long vector: `sqrt(Σ g²)`.
 * @returns float32 []
 */
export function globalNorm(gradients: readonly tf.Tensor[]): tf.Scalar {
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  return tf.sqrt(tf.addN(squares)) as tf.Scalar;
}

/**
 * What to multiply the gradients with so that their global norm is at most `maxNorm`. Follows
 * torch.nn.utils.clip_grad_norm_, whose 1e-6 in the denominator is part of the recipe's numbers.
 * @returns float32 []
 */
export function clipFactor(norm: tf.Scalar, maxNorm: number): tf.Scalar {
  return tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1) as tf.Scalar;
}
