/**
 * The classifier as training and evaluation run it: the whole of it from token ids, or the trained top from what a frozen
 * trunk computed before. Shape letters: B messages, T tokens, D width, L labels.
 */
import {
  bigramLogits,
  type ClassifierTop,
  type Dropout,
  embed,
  type GptConfig,
  layerNorm,
  linear,
  meanPool,
  noDropout,
  runBlocks,
  skipPadding,
} from "@btp/core-gpt";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchInput } from "../messages/batch.js";
import { attachAdapters } from "./lora.js";
import { assembleClassifier, assembleTop, type FlatParams, type TrainedPart } from "./trained-part.js";

export interface Dropouts {
  /** Of embeddings, attention weights and what each sublayer adds. */
  readonly inside: Dropout;
  /** Of the pooled features, in front of the head. */
  readonly head: Dropout;
  /** Of what adapters read. */
  readonly adapter?: Dropout;
}

export const noDropouts: Dropouts = { inside: noDropout, head: noDropout };

export interface ForwardResult {
  /** float32 [B, L] */
  readonly logits: Tensor;
  /** float32 [B, D]: the mean over each message's tokens, as the head reads it but for its dropout. */
  readonly pooled: Tensor;
  /** float32 [B, T, D], after the final LayerNorm; with a head alone there are none. */
  readonly hidden: Tensor | undefined;
}

/**
 * @param flat - every parameter of the part
 * @param batch - `input` is int32 [B, T] for "everything", float32 [B, T, D] for "top", [B, 1, D] for "head"
 */
export function forward(
  config: GptConfig,
  part: TrainedPart,
  flat: FlatParams<Tensor>,
  batch: BatchInput<Tensor>,
  dropouts: Dropouts = noDropouts,
): ForwardResult {
  const { input, positions, mask } = batch;
  if (part.kind === "head") {
    const head = { weight: flat["head.weight"]!, bias: flat["head.bias"]! };
    const row = meanPool(input, mask); // the mean of one row is the row
    return { logits: linear(dropouts.head(row), head), pooled: row, hidden: undefined };
  }
  if (part.kind === "top") {
    const plain = assembleTop(config, flat, part.firstBlock);
    const top = attachAdapters(plain, part, flat, dropouts.adapter ?? noDropout);
    return forwardTop(top, config, input, batch, dropouts);
  }
  const { gpt, head, bigrams } = assembleClassifier(config, flat);
  const embedded = embed(gpt, input, positions, dropouts.inside); // [B, T, D]
  const deep = forwardTop({ ...gpt, head }, config, embedded, batch, dropouts);
  if (bigrams === undefined) return deep;
  const wide = bigramLogits(bigrams, input, positions, mask, config.vocabSize); // [B, L]
  return { ...deep, logits: tf.add(deep.logits, wide) };
}

/** core-gpt's `classifierLogitsFrom` with a dropout in front of the head. */
function forwardTop(
  top: ClassifierTop<Tensor>,
  config: GptConfig,
  hidden: Tensor,
  batch: BatchInput<Tensor>,
  dropouts: Dropouts,
): ForwardResult {
  const { positions, mask } = batch;
  const padding = skipPadding(batch, mask);
  const last = runBlocks(hidden, top.blocks, config, positions, dropouts.inside, padding); // [B, T, D]
  const normed = layerNorm(last, top.finalNorm, config.layerNormEpsilon); // [B, T, D]
  const pooled = meanPool(normed, mask); // [B, D]
  return { logits: linear(dropouts.head(pooled), top.head), pooled, hidden: normed };
}
