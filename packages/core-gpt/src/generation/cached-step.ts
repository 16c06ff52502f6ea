/**
 * The language model reading on from where it stopped: keys and values of earlier tokens come in, those of the new tokens
 * go out, and nothing is computed twice. Gives the same logits as `languageModelLogits` on the whole text.
 *
 * One recording serves every step: the first, which reads a prompt, and those that read one token each.
 * Shape letters: B texts, T new tokens, P slots for past tokens, D width, N heads, H = D / N, L blocks, V vocabulary.
 */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { GptConfig } from "../config.js";
import { tiedLogits } from "../heads/language-model.js";
import { causalMask, mergeHeads, projectHeads } from "../layers/attention.js";
import { layerNorm } from "../layers/layer-norm.js";
import { linear } from "../layers/linear.js";
import { mlp } from "../layers/mlp.js";
import { embed } from "../model.js";
import type { BlockParams, GptParams } from "../params.js";

/** What attention keeps of tokens that were read: for each of L blocks, float32 [B, N, P, H]. */
export interface KeysAndValues<T> {
  readonly keys: readonly T[];
  readonly values: readonly T[];
}

export interface CachedStepResult<T> extends KeysAndValues<T> {
  /** How well each token fits after the last new one, float32 [B, V]. */
  readonly logits: T;
}

interface CachedBlock {
  readonly hidden: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * @param ids - int32 [B, T]: tokens not read yet, at least one
 * @param positions - int32 [T]: their places in the text
 * @param pastPositions - int32 [P]: the place of the token in each slot; in an empty slot any number from contextLength,
 *   which lies in every token's future, so that the causal mask hides the slot
 * @param past - keys and values by slot, L times float32 [B, N, P, H]; P at least 1
 * @returns logits, and the keys and values of the new tokens, L times float32 [B, N, T, H]
 * Source: openai/gpt-2 src/model.py#L148-L175 `model` with `past`. Deviates: past and new keys are never joined in
 * memory, only their scores are.
 */
export function cachedStep(
  params: GptParams<Tensor>,
  config: GptConfig,
  ids: Tensor,
  positions: Tensor,
  pastPositions: Tensor,
  past: KeysAndValues<Tensor>,
): CachedStepResult<Tensor> {
  // One row a new token, first the slots, then the new tokens: [T, P + T]
  const mask = tf.concat([causalMask(positions, pastPositions), causalMask(positions, positions)], 1);
  const keys: Tensor[] = [];
  const values: Tensor[] = [];
  let hidden = embed(params, ids, positions); // [B, T, D]
  params.blocks.forEach((block, i) => {
    const pastKeys = past.keys[i] as Tensor;
    const pastValues = past.values[i] as Tensor;
    const next = cachedBlock(hidden, block, config, mask, pastKeys, pastValues);
    hidden = next.hidden;
    keys.push(next.keys);
    values.push(next.values);
  });
  const [batch = 0, tokens = 0, width = 0] = hidden.shape;
  const last = tf.reshape(tf.slice(hidden, [0, tokens - 1, 0], [batch, 1, width]), [batch, width]); // [B, D]
  const normed = layerNorm(last, params.finalNorm, config.layerNormEpsilon);
  return { logits: tiedLogits(normed, params.tokenEmbedding), keys, values };
}

/** As `block`, with attention to the past too. */
function cachedBlock(
  x: Tensor,
  params: BlockParams<Tensor>,
  { numHeads, layerNormEpsilon }: GptConfig,
  mask: Tensor,
  pastKeys: Tensor,
  pastValues: Tensor,
): CachedBlock {
  const normed = layerNorm(x, params.attentionNorm, layerNormEpsilon);
  const { queries, keys, values } = projectHeads(normed, params.attention.qkv, numHeads); // each [B, N, T, H]
  const scale = 1 / Math.sqrt(queries.shape.at(-1) ?? 1);
  const toPast = tf.matMul(queries, pastKeys, false, true); // [B, N, T, P]
  const toNew = tf.matMul(queries, keys, false, true); // [B, N, T, T]
  const scores = tf.add(tf.mul(tf.concat([toPast, toNew], 3), scale), mask); // [B, N, T, P + T]
  const sizes = [pastKeys.shape[2] ?? 0, keys.shape[2] ?? 0];
  const [pastWeights, newWeights] = tf.split(tf.softmax(scores), sizes, 3) as [Tensor, Tensor];
  const attended = tf.add(tf.matMul(pastWeights, pastValues), tf.matMul(newWeights, values)); // [B, N, T, H]
  const middle = tf.add(x, linear(mergeHeads(attended), params.attention.projection)); // [B, T, D]
  const thought = mlp(layerNorm(middle, params.mlpNorm, layerNormEpsilon), params.mlp);
  return { hidden: tf.add(middle, thought), keys, values };
}
