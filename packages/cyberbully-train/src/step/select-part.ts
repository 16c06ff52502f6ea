/** Which part of a model a configuration trains. */
import type { GptConfig } from "@btp/core-gpt";
import type { TrainConfig } from "../config/knobs.js";
import { selectLoraPart } from "./lora.js";
import { selectTrainedPart, type TrainedPart } from "./trained-part.js";

/** @throws {TrainError} BAD_CONFIG when the model has fewer blocks than asked for */
export function partOf(config: TrainConfig, model: GptConfig): TrainedPart {
  const { loraRank: rank, loraAlpha: alpha, loraBlocks: blocks, loraMatrices: matrices } = config;
  if (rank === 0) return selectTrainedPart(model, config.unfreezeBlocks);
  return selectLoraPart(model, { rank, alpha, blocks, matrices });
}
