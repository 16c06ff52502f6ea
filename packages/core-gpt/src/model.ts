/**
 * GPT-2, composed from its layers. Everything here is a pure function of its arguments over TensorFlow.js ops: it runs
 * eagerly on any backend, differentiates by TensorFlow.js, and can be recorded and compiled, since no value is read and
 * shapes are used as sizes only. Called eagerly, wrap it in `tf.tidy`: the steps between are the caller's to dispose.
 * Lines of OpenAI's code are cited at https://github.com/openai/gpt-2/blob/122c55a53a50ef625f9f4fc577ed0d59e53bf417.
 *
 * Shape letters: B messages, T tokens, V vocabulary, D width.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { GptConfig } from "./config.js";
import { causalMask } from "./layers/attention.js";
import { block } from "./layers/block.js";
import { type Dropout, noDropout } from "./layers/dropout.js";
import { embedding } from "./layers/embedding.js";
import { layerNorm } from "./layers/layer-norm.js";
import { keepPadding, type Padding } from "./layers/padding.js";
import type { BlockParams, GptParams } from "./params.js";

/**
 * Step 1: token ids become vectors.
 * @param ids - int32 [B, T]           @param positions - int32 [T]: 0, 1, ... T - 1
 * @returns float32 [B, T, D]
 */
export function embed(
  params: Pick<GptParams<Tensor>, "tokenEmbedding" | "positionEmbedding">,
  ids: Tensor,
  positions: Tensor,
  dropout: Dropout = noDropout,
): Tensor {
  return dropout(embedding(params, ids, positions));
}

/**
 * Step 2: any number of blocks, one after the other. A frozen trunk and the blocks that are trained are two calls.
 * @param hidden - float32 [B, T, D]   @param positions - int32 [T]
 * @param padding - `skipPadding` where batches have much of it; the same hidden states for real tokens either way
 * @returns float32 [B, T, D]
 */
export function runBlocks(
  hidden: Tensor,
  blocks: readonly BlockParams<Tensor>[],
  config: GptConfig,
  positions: Tensor,
  dropout: Dropout = noDropout,
  padding: Padding = keepPadding,
): Tensor {
  if (blocks.length === 0) return hidden; // as when the trained blocks are all there are
  const mask = causalMask(positions, positions); // [T, T]
  const last = blocks.reduce(
    (x, params) => block(x, params, config, mask, dropout, padding),
    padding.unpad(hidden),
  );
  return padding.pad(last);
}

/**
 * Steps 1 and 2 and the final LayerNorm: what the model knows at each token, having read up to it.
 * @param ids - int32 [B, T]           @param positions - int32 [T]
 * @returns float32 [B, T, D]
 * Source: openai/gpt-2 src/model.py#L148-L175 `model`.
 */
export function hiddenStates(
  params: GptParams<Tensor>,
  config: GptConfig,
  ids: Tensor,
  positions: Tensor,
  dropout: Dropout = noDropout,
): Tensor {
  const embedded = embed(params, ids, positions, dropout);
  const hidden = runBlocks(embedded, params.blocks, config, positions, dropout);
  return layerNorm(hidden, params.finalNorm, config.layerNormEpsilon);
}
