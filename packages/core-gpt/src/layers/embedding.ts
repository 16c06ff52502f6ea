/** From token ids to vectors: where a message enters the model. Shape letters: B messages, T tokens, V vocabulary, C context, D width. */

import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { GptError } from "../errors.js";
import type { GptParams } from "../params.js";

/**
 * `tokenEmbedding[ids] + positionEmbedding[positions]`
 * @param params - tokenEmbedding float32 [V, D], positionEmbedding float32 [C, D]
 * @param ids - int32 [B, T], from 0 to V - 1; not checked, since values cannot be read while a function is recorded
 * @param positions - int32 [T], from 0 to C - 1; likewise
 * @returns float32 [B, T, D]
 * @throws {GptError} SHAPE_MISMATCH when ids is not [B, T] or positions not [T]
 * Source: openai/gpt-2 src/model.py#L158 `model`.
 */
export function embedding(
  { tokenEmbedding, positionEmbedding }: Pick<GptParams<Tensor>, "tokenEmbedding" | "positionEmbedding">,
  ids: Tensor,
  positions: Tensor,
): Tensor {
  if (ids.rank !== 2 || positions.rank !== 1 || ids.shape[1] !== positions.shape[0])
    throw new GptError(
      "SHAPE_MISMATCH",
      `expected ids [batch, tokens] and positions [tokens], got [${ids.shape}] and [${positions.shape}]`,
    );
  const tokens = tf.gather(tokenEmbedding, ids); // [B, T, D]
  const places = tf.gather(positionEmbedding, positions); // [T, D]
  return tf.add(tokens, places); // [B, T, D]
}
