/** How an update's batch is cut so that its memory stays bounded, however long the messages are. */
import type { GptConfig } from "@btp/core-gpt";
import type { TrainConfig } from "../config/knobs.js";
import { splitBatch } from "../messages/batching.js";
import type { TrainedPart } from "../step/trained-part.js";

export interface MicroBatches {
  /** Whether any update may have several parts: the program then keeps a sum of gradients. */
  readonly accumulates: boolean;
  /** Neighbours in length stay together; every message is in one part. */
  split(batch: readonly number[]): number[][];
}

/**
 * @param lengths - tokens of each message
 * @returns parts of at most `stepMemory` where a part has more than one message, and at least `accumulate` parts
 */
export function planMicroBatches(
  config: Pick<TrainConfig, "accumulate" | "batchSize" | "stepMemory" | "languageModelWeight">,
  model: GptConfig,
  part: Pick<TrainedPart, "kind" | "firstBlock">,
  lengths: Int32Array,
): MicroBatches {
  const predictsTokens = config.languageModelWeight > 0;
  const fits = (batch: readonly number[]): boolean =>
    stepBytes(
      model,
      part,
      batch.map((i) => lengths[i]!),
      predictsTokens,
    ) <=
    config.stepMemory * 1e9;
  const longest = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]!).slice(0, config.batchSize);
  return {
    accumulates: config.accumulate > 1 || !fits(longest),
    split(batch) {
      for (let parts = config.accumulate; ; parts++) {
        const split = splitBatch(batch, parts);
        if (parts >= batch.length || split.every(fits)) return split;
      }
    },
  };
}

/** Values of one block that are alive at the fullest moment of an update, measured on ONNX Runtime 1.30 (within a fifth). */
const alive = { perTokenAndWidth: 32, perScore: 6 };

/**
 * About what an update takes beside weights and moments, in bytes: vectors of the trained blocks, and attention's scores, one
 * for each pair of places in a row of the rectangle. Where tokens are predicted, a logit for each token and id, three times.
 * @param lengths - tokens of the messages of one part
 */
export function stepBytes(
  model: GptConfig,
  part: Pick<TrainedPart, "kind" | "firstBlock">,
  lengths: readonly number[],
  predictsTokens: boolean,
): number {
  if (part.kind === "head") return 0; // one vector a message
  const longest = lengths.reduce((a, b) => Math.max(a, b), 1);
  const places = lengths.length * longest;
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const block =
    alive.perTokenAndWidth * tokens * model.width + alive.perScore * places * longest * model.numHeads;
  const logits = predictsTokens ? 3 * places * model.vocabSize : 0;
  return 4 * (block * (model.numLayers - part.firstBlock) + logits);
}
