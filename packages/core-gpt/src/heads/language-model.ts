/** Predicts the next token at every token. Shape letters: B messages, T tokens, V vocabulary, D width. */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { GptConfig } from "../config.js";
import { type Dropout, noDropout } from "../layers/dropout.js";
import { hiddenStates } from "../model.js";
import type { GptParams } from "../params.js";

/**
 * `hidden · tokenEmbeddingᵀ`: how well each token of the vocabulary fits next. The matrix is the embedding's own ("tied").
 * @param hidden - float32 [..., D], after the final LayerNorm
 * @param tokenEmbedding - float32 [V, D]
 * @returns logits, float32 [..., V]
 * Source: openai/gpt-2 src/model.py#L170-L174 `model`.
 */
export function tiedLogits(hidden: Tensor, tokenEmbedding: Tensor): Tensor {
  const [vocabulary = 0, width = 0] = tokenEmbedding.shape;
  const rows = tf.reshape(hidden, [-1, width]); // [rows, D]
  const logits = tf.matMul(rows, tokenEmbedding, false, true); // [rows, V]
  return tf.reshape(logits, [...hidden.shape.slice(0, -1), vocabulary]); // [..., V]
}

/**
 * The whole of GPT-2.
 * @param ids - int32 [B, T]           @param positions - int32 [T]: 0, 1, ... T - 1
 * @returns logits of the token after each, float32 [B, T, V]
 */
export function languageModelLogits(
  params: GptParams<Tensor>,
  config: GptConfig,
  ids: Tensor,
  positions: Tensor,
  dropout: Dropout = noDropout,
): Tensor {
  return tiedLogits(hiddenStates(params, config, ids, positions, dropout), params.tokenEmbedding);
}
