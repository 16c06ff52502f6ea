/**
 * Causal multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762; decoder only as in Radford et al. 2018).
 *
 * Shape letters: B messages, T query tokens, S key tokens (S = T without a cache), D width, N heads, H = D / N.
 * Numbers read off a shape are used as sizes only, so one recording serves every B and T.
 */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { BlockParams, LinearParams } from "../params.js";
import { type Dropout, noDropout } from "./dropout.js";
import { linear } from "./linear.js";
import { keepPadding, type Padding } from "./padding.js";

/** Added to the score of a key that may not be seen: after softmax its weight is exactly 0 in float32. */
const hidden = -1e9;

/** float32, each [B, N, T, H] */
export interface Heads {
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * What a token may look at: 0 where the key's position is at most the query's, -1e9 after it.
 *
 * Messages in a batch are padded on the right, so for a real token every padding token lies in the future: this mask
 * hides padding too, and no other is needed. (What padding tokens compute themselves is dropped by the pooling.)
 * @param queryPositions - int32 [T]
 * @param keyPositions - int32 [S]
 * @returns float32 [T, S], made once and shared by all blocks
 */
export function causalMask(queryPositions: Tensor, keyPositions: Tensor): Tensor {
  const queries = tf.expandDims(queryPositions, 1); // [T, 1]
  const keys = tf.expandDims(keyPositions, 0); // [1, S]
  return tf.mul(tf.cast(tf.greater(keys, queries), "float32"), hidden); // [T, S]
}

/**
 * Queries, keys and values of every head from one matrix multiplication.
 * @param x - float32 [B, T, D]
 * @param qkv - weight float32 [D, 3D]: columns are (query, key, value) x N x H
 * @param padding - with `skipPadding` x is [R, D]
 */
export function projectHeads(
  x: Tensor,
  qkv: LinearParams<Tensor>,
  numHeads: number,
  padding: Padding = keepPadding,
): Heads {
  const rectangle = padding.pad(linear(x, qkv)); // [B, T, 3D]
  const [batch = 0, tokens = 0, columns = 0] = rectangle.shape;
  const size = columns / 3 / numHeads;
  const projected = tf.reshape(rectangle, [batch, tokens, 3, numHeads, size]); // [B, T, 3, N, H]
  const byKind = tf.transpose(projected, [2, 0, 3, 1, 4]); // [3, B, N, T, H]
  const [queries, keys, values] = tf
    .split(byKind, 3, 0) // three of [1, B, N, T, H]
    .map((part) => tf.reshape(part, [batch, numHeads, tokens, size])) as [Tensor, Tensor, Tensor];
  return { queries, keys, values };
}

/** The heads side by side again: [B, N, T, H] -> [B, T, D]. */
export function mergeHeads(x: Tensor): Tensor {
  const [batch = 0, numHeads = 0, tokens = 0, size = 0] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, tokens, numHeads * size]);
}

/**
 * Each token asks (query), is found (key) and tells (value): `softmax(q·kᵀ/√H + mask)·v` in every head, then one linear map.
 * @param x - float32 [B, T, D]
 * @param mask - `causalMask`, float32 [T, T]
 * @param dropout - on the attention weights
 * @param padding - with `skipPadding` x and the result are [R, D]: only here do tokens stand beside their neighbours
 * @returns float32 [B, T, D]
 * Source: openai/gpt-2 src/model.py#L70-L113 `attn`. Deviates: the mask is added, and made once instead of in each layer.
 */
export function attention(
  x: Tensor,
  params: BlockParams<Tensor>["attention"],
  numHeads: number,
  mask: Tensor,
  dropout: Dropout = noDropout,
  padding: Padding = keepPadding,
): Tensor {
  const { queries, keys, values } = projectHeads(x, params.qkv, numHeads, padding); // each [B, N, T, H]
  const size = queries.shape.at(-1) ?? 1;
  const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(size)); // [B, N, T, T]
  const weights = dropout(tf.softmax(tf.add(scores, mask))); // [B, N, T, T]
  const merged = mergeHeads(tf.matMul(weights, values)); // [B, T, D]
  return linear(padding.unpad(merged), params.projection); // [B, T, D]
}
