/**
 * The classifier as training and evaluation run it: the whole of it from token ids, or the trained top from what a frozen
 * trunk computed before. Shape letters: B messages, T tokens, D width, L labels.
 */
import {
  type ClassifierTop,
  type Dropout,
  embed,
  type GptConfig,
  layerNorm,
  linear,
  meanPool,
  noDropout,
  runBlocks,
} from "@btp/core-gpt";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { BatchInput } from "../messages/batch.js";
import { assembleClassifier, assembleTop, type FlatParams, type TrainedPart } from "./trained-part.js";

export interface Dropouts {
  /** Of embeddings, attention weights and what each sublayer adds. */
  readonly inside: Dropout;
  /** Of the pooled features, in front of the head. */
  readonly head: Dropout;
}

export const noDropouts: Dropouts = { inside: noDropout, head: noDropout };

/**
 * @param flat - every parameter of the part
 * @param batch - `input` is int32 [B, T] for "everything", float32 [B, T, D] for "top", [B, 1, D] for "head"
 * @returns logits, float32 [B, L]
 */
export function forward(
  config: GptConfig,
  part: TrainedPart,
  flat: FlatParams<Tensor>,
  { input, positions, mask }: BatchInput<Tensor>,
  dropouts: Dropouts = noDropouts,
): Tensor {
  if (part.kind === "head") {
    const head = { weight: flat["head.weight"]!, bias: flat["head.bias"]! };
    return linear(dropouts.head(meanPool(input, mask)), head); // the mean of one row is the row
  }
  if (part.kind === "top")
    return forwardTop(assembleTop(config, flat, part.firstBlock), config, input, positions, mask, dropouts);
  const { gpt, head } = assembleClassifier(config, flat);
  const embedded = embed(gpt, input, positions, dropouts.inside); // [B, T, D]
  return forwardTop({ ...gpt, head }, config, embedded, positions, mask, dropouts);
}

/** core-gpt's `classifierLogitsFrom` with a dropout in front of the head. */
function forwardTop(
  top: ClassifierTop<Tensor>,
  config: GptConfig,
  hidden: Tensor,
  positions: Tensor,
  mask: Tensor,
  dropouts: Dropouts,
): Tensor {
  const last = runBlocks(hidden, top.blocks, config, positions, dropouts.inside); // [B, T, D]
  const pooled = meanPool(layerNorm(last, top.finalNorm, config.layerNormEpsilon), mask); // [B, D]
  return linear(dropouts.head(pooled), top.head); // [B, L]
}
