/** One decision for a whole message, from the mean of its hidden states. Shape letters: B messages, T tokens, D width. */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { GptConfig } from "../config.js";
import { type Dropout, noDropout } from "../layers/dropout.js";
import { layerNorm } from "../layers/layer-norm.js";
import { linear } from "../layers/linear.js";
import { keepPadding, type Padding } from "../layers/padding.js";
import { embed, runBlocks } from "../model.js";
import type { ClassifierParams, GptParams } from "../params.js";
import { bigramLogits } from "./bigrams.js";

/**
 * Mean of the hidden states over real tokens: `Σ mask·hidden / max(Σ mask, 1)`.
 * A message without tokens has mean 0, in value and gradient: nothing is divided by zero.
 * @param hidden - float32 [B, T, D]
 * @param mask - float32 [B, T]: 1 for a token of the message, 0 for padding
 * @returns float32 [B, D]
 */
export function meanPool(hidden: Tensor, mask: Tensor): Tensor {
  const [batch = 0, , width = 0] = hidden.shape;
  const weights = tf.div(mask, tf.maximum(tf.sum(mask, 1, true), 1)); // [B, T]
  const means = tf.matMul(tf.expandDims(weights, 1), hidden); // [B, 1, D]
  return tf.reshape(means, [batch, width]); // [B, D]
}

/** The parameters behind a frozen trunk: the last blocks, as many as are trained, the final LayerNorm and the head. */
export type ClassifierTop<T> = Pick<GptParams<T>, "blocks" | "finalNorm"> & Pick<ClassifierParams<T>, "head">;

/**
 * The classifier from some block on: what is left to compute when the hidden states before it are known.
 * @param top - the blocks not yet run, the final LayerNorm and the head
 * @param hidden - float32 [B, T, D]: from `embed` or `runBlocks`
 * @param positions - int32 [T]        @param mask - float32 [B, T]
 * @param padding - whether the blocks compute it; the logits are the same
 * @returns logits, float32 [B, labels]
 */
export function classifierLogitsFrom(
  top: ClassifierTop<Tensor>,
  config: GptConfig,
  hidden: Tensor,
  positions: Tensor,
  mask: Tensor,
  dropout: Dropout = noDropout,
  padding: Padding = keepPadding,
): Tensor {
  const last = runBlocks(hidden, top.blocks, config, positions, dropout, padding); // [B, T, D]
  const pooled = meanPool(layerNorm(last, top.finalNorm, config.layerNormEpsilon), mask); // [B, D]
  return linear(pooled, top.head); // [B, labels]
}

/**
 * The whole classifier.
 * @param ids - int32 [B, T], padded on the right with any id
 * @param positions - int32 [T]: 0, 1, ... T - 1
 * @param mask - float32 [B, T]: 1 for a token of the message, 0 for padding
 * @param padding - as in `classifierLogitsFrom`
 * @returns logits, float32 [B, labels]
 */
export function classifierLogits(
  { gpt, head, bigrams }: ClassifierParams<Tensor>,
  config: GptConfig,
  ids: Tensor,
  positions: Tensor,
  mask: Tensor,
  dropout: Dropout = noDropout,
  padding: Padding = keepPadding,
): Tensor {
  const embedded = embed(gpt, ids, positions, dropout); // [B, T, D]
  const top = { ...gpt, head };
  const logits = classifierLogitsFrom(top, config, embedded, positions, mask, dropout, padding); // [B, labels]
  if (bigrams === undefined) return logits;
  return tf.add(logits, bigramLogits(bigrams, ids, positions, mask, config.vocabSize));
}
