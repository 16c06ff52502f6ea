/**
 * A small transformer written with plain TensorFlow.js ops, as a user of this package would write one: what the
 * differential tests and the benchmark compile. Not part of the package's API; GPT itself lives elsewhere.
 * Shapes: B messages, T tokens, C width, N heads, H = C / N, V vocabulary, P positions.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { RandomSource } from "../random-source.js";

export interface BlockSizes {
  readonly width: number;
  readonly heads: number;
}

export type Parameters<T> = { readonly [name: string]: T };

/** Shapes of the parameters of one block, final LayerNorm and head. */
export function blockShapes({ width: C }: BlockSizes): Parameters<number[]> {
  return {
    norm1Gain: [C],
    norm1Bias: [C],
    qkvWeight: [C, 3 * C],
    qkvBias: [3 * C],
    projectionWeight: [C, C],
    projectionBias: [C],
    norm2Gain: [C],
    norm2Bias: [C],
    expandWeight: [C, 4 * C],
    expandBias: [4 * C],
    contractWeight: [4 * C, C],
    contractBias: [C],
    normGain: [C],
    normBias: [C],
    headWeight: [C, 2],
    headBias: [2],
  };
}

/** The same with embeddings of V tokens and P positions. */
export function classifierShapes(sizes: BlockSizes, V: number, P: number): Parameters<number[]> {
  return { tokens: [V, sizes.width], positions: [P, sizes.width], ...blockShapes(sizes) };
}

function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, 1e-5))), gain), bias);
}

function gelu(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))));
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(inner)));
}

function linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [-1, weight.shape[0]!]);
  const product = tf.add(tf.matMul(rows, weight), bias);
  return tf.reshape(product, [...x.shape.slice(0, -1), weight.shape[1]!]);
}

/** @param x - [B, T, C]; `causal` [T, T], added to the scores */
export function block(
  p: Parameters<tf.Tensor>,
  x: tf.Tensor,
  causal: tf.Tensor,
  { heads: N }: BlockSizes,
  drop: Drop = keep,
): tf.Tensor {
  const [B = 0, T = 0, C = 0] = x.shape;
  const qkv = linear(layerNorm(x, p.norm1Gain!, p.norm1Bias!), p.qkvWeight!, p.qkvBias!);
  const byKind = tf.transpose(tf.reshape(qkv, [B, T, 3, N, C / N]), [2, 0, 3, 1, 4]); // [3, B, N, T, H]
  const [q, k, v] = tf.split(byKind, 3, 0).map((part) => tf.reshape(part, [B, N, T, C / N]));
  const scores = tf.add(tf.mul(tf.matMul(q!, k!, false, true), 1 / Math.sqrt(C / N)), causal); // [B, N, T, T]
  const mixed = tf.matMul(drop(tf.softmax(scores)), v!); // [B, N, T, H]
  const merged = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B, T, C]);
  const attended = tf.add(x, drop(linear(merged, p.projectionWeight!, p.projectionBias!)));
  const expanded = gelu(
    linear(layerNorm(attended, p.norm2Gain!, p.norm2Bias!), p.expandWeight!, p.expandBias!),
  );
  return tf.add(attended, drop(linear(expanded, p.contractWeight!, p.contractBias!)));
}

export type Drop = (x: tf.Tensor) => tf.Tensor;
const keep: Drop = (x) => x;

export function dropWith(random: RandomSource, rate: number): Drop {
  return (x) => random.dropout(x, rate);
}

/** Cross-entropy of the head on the mean over tokens where `mask` [B, T] is 1; `labels` one-hot [B, 2]. */
export function headLoss(
  p: Parameters<tf.Tensor>,
  hidden: tf.Tensor,
  mask: tf.Tensor,
  labels: tf.Tensor,
): tf.Scalar {
  const weights = tf.expandDims(mask, -1);
  const normal = layerNorm(hidden, p.normGain!, p.normBias!);
  const pooled = tf.div(tf.sum(tf.mul(normal, weights), 1), tf.maximum(tf.sum(weights, 1), 1));
  const logits = linear(pooled, p.headWeight!, p.headBias!);
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1)));
}

/** Loss of a classifier of token ids [B, T]; `positions` is [T]. */
export function classifierLoss(
  p: Parameters<tf.Tensor>,
  ids: tf.Tensor,
  positions: tf.Tensor,
  mask: tf.Tensor,
  labels: tf.Tensor,
  sizes: BlockSizes,
  drop: Drop = keep,
): tf.Scalar {
  const T = ids.shape[1] ?? 0;
  const later = tf.less(tf.reshape(positions, [T, 1]), tf.reshape(positions, [1, T]));
  const causal = tf.mul(tf.cast(later, "float32"), -1e9);
  const x = tf.add(tf.gather(p.tokens!, ids), tf.gather(p.positions!, positions as tf.Tensor1D));
  return headLoss(p, block(p, drop(x), causal, sizes, drop), mask, labels);
}

/** Loss and gradients by name. */
export function lossAndGradients(
  p: Parameters<tf.Tensor>,
  loss: (p: Parameters<tf.Tensor>) => tf.Scalar,
): { loss: tf.Tensor; gradients: Parameters<tf.Tensor> } {
  const names = Object.keys(p);
  const { value, grads } = tf.valueAndGrads((...list: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, i) => [name, list[i]!]))),
  )(names.map((name) => p[name]!));
  return { loss: value, gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])) };
}

/** Parameters and AdamW's running means. */
export interface TrainingState<T> {
  readonly parameters: Parameters<T>;
  readonly first: Parameters<T>;
  readonly second: Parameters<T>;
}

/** One update by AdamW with the given rate (float32 []), corrected for step `t` (float32 []). */
export function adamW(
  state: TrainingState<tf.Tensor>,
  gradients: Parameters<tf.Tensor>,
  rate: tf.Tensor,
  t: tf.Tensor,
): TrainingState<tf.Tensor> {
  const updated = Object.keys(state.parameters).map((name) => {
    const g = gradients[name]!;
    const p = state.parameters[name]!;
    const first = tf.add(tf.mul(state.first[name]!, 0.9), tf.mul(g, 0.1));
    const second = tf.add(tf.mul(state.second[name]!, 0.999), tf.mul(tf.square(g), 0.001));
    const corrected = tf.div(first, tf.sub(1, tf.pow(0.9, t)));
    const scale = tf.add(tf.sqrt(tf.div(second, tf.sub(1, tf.pow(0.999, t)))), 1e-8);
    const decayed = tf.sub(p, tf.mul(tf.mul(p, 0.01), rate));
    return { name, p: tf.sub(decayed, tf.mul(tf.div(corrected, scale), rate)), first, second };
  });
  return {
    parameters: Object.fromEntries(updated.map(({ name, p }) => [name, p])),
    first: Object.fromEntries(updated.map(({ name, first }) => [name, first])),
    second: Object.fromEntries(updated.map(({ name, second }) => [name, second])),
  };
}
