/**
 * The frozen part of a model: embeddings and the blocks below the trained ones. Its output for a message never changes
 * (unless it drops out), so it is computed once and kept. Shape letters: B messages, T tokens, D width.
 */
import {
  buildClassifierParams,
  embed,
  type GptConfig,
  type GptParams,
  layerNorm,
  meanPool,
  noDropout,
  runBlocks,
  skipPadding,
} from "@btp/core-gpt";
import type { Engine, HostTensor, Int8Report, RandomSource } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchInput } from "../messages/batch.js";
import { inputSpecs, specsOf } from "../step/step-program.js";
import { type FlatParams, isTrunkParameter, numLabels, type TrainedPart } from "../step/trained-part.js";
import { featureError } from "./calibration.js";

export interface Trunk {
  /** @returns float32 [B, T, D]; for a trained head alone [B, 1, D]: the pooled message */
  run(batch: BatchInput<HostTensor>): Promise<HostTensor>;
  /** Where many batches at once cost much less than one after the other. */
  readonly group?: {
    /** Tokens, padding included, that one call may take. */
    readonly tokens: number;
    /** @param onPart - told how far it is, 0 to 1; what it throws ends the call */
    run(batches: readonly BatchInput<HostTensor>[], onPart?: (part: number) => void): Promise<HostTensor[]>;
  };
  dispose(): Promise<void>;
}

export interface TrunkOptions {
  /** With a rate above 0 the trunk drops out too; then `random` draws the masks. */
  readonly dropout: number;
  readonly random: RandomSource;
  /** Matrices in int8 where that keeps the features close to float32; without dropout, on the compiled engine. */
  readonly int8?: {
    readonly calibration: readonly BatchInput<HostTensor>[];
    readonly onReport: (report: Int8Report) => void;
  };
}

/** @param params - every parameter of the classifier; those of the trained part are not used */
export async function compileTrunk(
  engine: Engine,
  config: GptConfig,
  part: TrainedPart,
  params: FlatParams<HostTensor>,
  { dropout, random, int8 }: TrunkOptions,
): Promise<Trunk> {
  const frozen = Object.fromEntries(Object.entries(params).filter(([path]) => isTrunkParameter(path, part)));
  const hiddenOf = (weights: FlatParams<Tensor>, batch: BatchInput<Tensor>): Tensor => {
    const { input, positions, mask } = batch;
    const trunk = assembleTrunk(config, weights, part.firstBlock);
    const drop = dropout > 0 ? (x: Tensor) => random.dropout(x, dropout) : noDropout;
    const embedded = embed(trunk, input, positions, drop); // [B, T, D]
    const padding = skipPadding(batch, mask);
    const hidden = runBlocks(embedded, trunk.blocks, config, positions, drop, padding); // [B, T, D]
    if (part.kind !== "head") return hidden;
    const pooled = meanPool(layerNorm(hidden, trunk.finalNorm, config.layerNormEpsilon), mask); // [B, D]
    return tf.expandDims(pooled, 1); // [B, 1, D]
  };
  const batchSpecs = inputSpecs({ kind: "everything" }, config.width);
  if (int8 !== undefined && int8.calibration.length > 0) {
    // Constants: what becomes int8 is kept as int8 alone, laid out for speed.
    return engine.compile(hiddenOf, frozen, [batchSpecs], {
      name: "frozen blocks in int8",
      precision: {
        kind: "int8",
        calibration: int8.calibration.map((batch) => [batch]),
        outputError: featureError,
        onReport: int8.onReport,
      },
    });
  }
  // Arguments, not constants: the engine reads them where they are, instead of keeping half a gigabyte of its own, and
  // with batches of some thousand tokens that is as fast.
  const program = await engine.compile(
    (_constants: Record<string, never>, weights: FlatParams<Tensor>, batch: BatchInput<Tensor>) =>
      hiddenOf(weights, batch),
    {},
    [specsOf(frozen), batchSpecs],
    { random, name: "frozen blocks" },
  );
  return { run: (batch) => program.run(frozen, batch), dispose: () => program.dispose() };
}

function assembleTrunk(config: GptConfig, flat: FlatParams<Tensor>, firstBlock: number): GptParams<Tensor> {
  // Trained parameters are not among `flat`; nothing below reads them.
  const { gpt } = buildClassifierParams(config, numLabels, ({ path }) => flat[path]!);
  return { ...gpt, blocks: gpt.blocks.slice(0, firstBlock) };
}
