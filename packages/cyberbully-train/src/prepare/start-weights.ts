/** Where training starts: random weights, or those of a GPT-2 with a new head. Everything flat, by parameter path. */
import { basename } from "node:path";
import {
  classifierParameterTable,
  flattenParams,
  type GptConfig,
  type HostTensor,
  initialiseParameter,
  type ParameterEntry,
} from "@btp/core-gpt";
import { digestParams, loadGpt2 } from "@btp/weights-gpt2";
import type { TrainConfig } from "../config/knobs.js";
import { TrainError } from "../errors.js";
import { type FlatParams, numLabels } from "../step/trained-part.js";

export interface StartWeights {
  readonly model: GptConfig;
  /** Every parameter of the classifier. */
  readonly params: FlatParams<HostTensor>;
  /** The base's name and digest; undefined from scratch. */
  readonly base: { readonly name: string; readonly sha256: string } | undefined;
}

/** Weights from the seed alone. @param vocabSize - ids of the (possibly restricted) vocabulary */
export function randomWeights(config: TrainConfig, vocabSize: number): StartWeights {
  const model: GptConfig = {
    vocabSize,
    contextLength: config.maxLength,
    width: config.width,
    numLayers: config.numLayers,
    numHeads: config.numHeads,
    layerNormEpsilon: 1e-5,
  };
  const entries = classifierParameterTable(model, numLabels).map((entry) =>
    entry.path === "gpt.tokenEmbedding" ? withDeviation(entry, config.embeddingDeviation) : entry,
  );
  const params = Object.fromEntries(
    entries.map((entry) => [entry.path, initialiseParameter(entry, config.seed)]),
  );
  return { model, params, base: undefined };
}

function withDeviation(entry: ParameterEntry, standardDeviation: number): ParameterEntry {
  return { ...entry, initialiser: { kind: "normal", standardDeviation } };
}

/**
 * @param folder - where the base's files are
 * @param vocabSize - ids that the tokenizer gives
 * @param signal - stops loading
 * @throws {TrainError} BAD_BASE when it knows or reads fewer tokens than asked for; WeightsError for the files themselves
 */
export async function baseWeights(
  config: TrainConfig,
  folder: string,
  vocabSize: number,
  signal: AbortSignal | undefined,
): Promise<StartWeights> {
  const { config: model, params } = await loadGpt2(folder, signal === undefined ? {} : { signal });
  if (model.vocabSize < vocabSize)
    throw new TrainError(
      "BAD_BASE",
      `Expected a base for GPT-2's ${vocabSize} token ids, got one with ${model.vocabSize}.`,
    );
  if (model.contextLength < config.maxLength)
    throw new TrainError(
      "BAD_BASE",
      `Expected a base that reads maxLength ${config.maxLength} tokens, got one of ${model.contextLength}. Give a smaller --max-length.`,
    );
  const flat: Record<string, HostTensor> = {};
  for (const { path, value } of flattenParams(params)) flat[`gpt.${path}`] = value;
  for (const entry of classifierParameterTable(model, numLabels))
    if (entry.path.startsWith("head.")) flat[entry.path] = initialiseParameter(entry, config.seed);
  const name = config.base.includes("/") ? basename(config.base) : config.base;
  return { model, params: flat, base: { name, sha256: digestParams(model, params) } };
}
