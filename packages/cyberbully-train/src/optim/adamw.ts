/**
 * AdamW (Loshchilov & Hutter, arXiv 1711.05101, in the form of torch.optim.AdamW) as a pure function of one parameter.
 * What depends on the step alone is worked out on the host by `adamWScalars` and fed in, so that one recorded program
 * serves every step.
 */
import * as tf from "@tensorflow/tfjs-core";

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** float32 scalars that change from step to step, as `T` in a program and as numbers on the host. */
export interface AdamWScalars<T> {
  /** learningRate / (1 - beta1^t) */
  readonly stepSize: T;
  /** 1 / sqrt(1 - beta2^t) */
  readonly secondMomentScale: T;
  /** 1 - learningRate · weightDecay */
  readonly shrink: T;
}

/** @param step - counted from 0; the first update is t = 1 */
export function adamWScalars(
  step: number,
  learningRate: number,
  weightDecay: number,
  { beta1, beta2 }: AdamWOptions,
): AdamWScalars<number> {
  return {
    stepSize: learningRate / (1 - beta1 ** (step + 1)),
    secondMomentScale: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
    shrink: 1 - learningRate * weightDecay,
  };
}

export interface AdamWState<T> {
  readonly parameter: T;
  /** Running mean of the gradient. */
  readonly first: T;
  /** Running mean of the gradient's square. */
  readonly second: T;
}

/**
 * One update. Decay is decoupled: it shrinks the parameter and never enters the moments.
 * @param gradient - before clipping
 * @param clip - float32 []: what the gradient is multiplied with
 * @param decayed - false for biases, LayerNorm and whatever else the parameter table excludes
 */
export function adamWUpdate(
  state: AdamWState<tf.Tensor>,
  gradient: tf.Tensor,
  clip: tf.Scalar,
  scalars: AdamWScalars<tf.Scalar>,
  decayed: boolean,
  { beta1, beta2, epsilon }: AdamWOptions,
): AdamWState<tf.Tensor> {
  // The clip factor is folded into the scalars of the moments: two passes over the gradient instead of three.
  const first = tf.add(tf.mul(state.first, beta1), tf.mul(gradient, tf.mul(clip, 1 - beta1)));
  const second = tf.add(
    tf.mul(state.second, beta2),
    tf.mul(tf.square(gradient), tf.mul(tf.square(clip), 1 - beta2)),
  );
  const denominator = tf.add(tf.mul(tf.sqrt(second), scalars.secondMomentScale), epsilon);
  const step = tf.mul(tf.div(first, denominator), scalars.stepSize);
  const kept = decayed ? tf.mul(state.parameter, scalars.shrink) : state.parameter;
  return { parameter: tf.sub(kept, step), first, second };
}
