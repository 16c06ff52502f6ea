/** Where training starts: random weights, or those of a GPT-2 with a new head. Everything flat, by parameter path. */
import { basename, resolve } from "node:path";
import {
  classifierParameterTable,
  flattenParams,
  type GptConfig,
  type GptParams,
  type HostTensor,
  initialiseParameter,
  type ParameterEntry,
} from "@btp/core-gpt";
import { digestParams, digestReader, loadGpt2, openGpt2 } from "@btp/weights-gpt2";
import type { TrainConfig } from "../config/knobs.js";
import { TrainError } from "../errors.js";
import { partOf } from "../step/select-part.js";
import { type FlatParams, isTrunkParameter, numLabels, type TrainedPart } from "../step/trained-part.js";

export interface StartWeights {
  readonly model: GptConfig;
  /** Every parameter of the classifier; with `streamed` those of the trained part. */
  readonly params: FlatParams<HostTensor>;
  /** Where the base's files are, and what finds them again: a published name or an absolute path. */
  readonly source?: { readonly folder: string; readonly reference: string };
  /** `params` holds only what lies above the frozen trunk, whose weights stay in their file. */
  readonly streamed: boolean;
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
    ...(config.bigramBuckets > 0 ? { bigramBuckets: config.bigramBuckets } : {}),
  };
  const entries = classifierParameterTable(model, numLabels).map((entry) =>
    entry.path === "gpt.tokenEmbedding" ? withDeviation(entry, config.embeddingDeviation) : entry,
  );
  const params = Object.fromEntries(
    entries.map((entry) => [entry.path, initialiseParameter(entry, config.seed)]),
  );
  return { model, params, streamed: false, base: undefined };
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
  const { model, params, sha256, streamed } = await readBase(config, folder, signal);
  checkTokens(model, config, vocabSize);
  const flat: Record<string, HostTensor> = { ...params };
  for (const entry of classifierParameterTable(model, numLabels))
    if (entry.path.startsWith("head.")) flat[entry.path] = initialiseParameter(entry, config.seed);
  // resolveBase gives a path back as it is, and for a published name a folder of the cache.
  const reference = folder === config.base ? resolve(folder) : config.base;
  const name = basename(reference);
  return { model, params: flat, source: { folder, reference }, streamed, base: { name, sha256 } };
}

interface Base {
  readonly model: GptConfig;
  /** By path of the classifier's table, "gpt." in front. */
  readonly params: FlatParams<HostTensor>;
  readonly sha256: string;
  readonly streamed: boolean;
}

async function readBase(config: TrainConfig, folder: string, signal: AbortSignal | undefined): Promise<Base> {
  const reader = await openGpt2(folder);
  try {
    const model = reader.config;
    const part = partOf(config, model);
    if (!isStreamed(config, model, part)) {
      const { params } = await loadGpt2(folder, signal === undefined ? {} : { signal });
      return { model, params: wholeOf(params), sha256: digestParams(model, params), streamed: false };
    }
    const params: Record<string, HostTensor> = {};
    const sha256 = await digestReader(reader, (path, tensor) => {
      signal?.throwIfAborted();
      if (!isTrunkParameter(`gpt.${path}`, part)) params[`gpt.${path}`] = tensor;
    });
    return { model, params, sha256, streamed: true };
  } finally {
    await reader.close();
  }
}

function wholeOf(params: GptParams<HostTensor>): FlatParams<HostTensor> {
  return Object.fromEntries(flattenParams(params).map(({ path, value }) => [`gpt.${path}`, value]));
}

/**
 * Whether the frozen weights are read block by block: where they take more than `trunkMemory`, and are computed once. Without a
 * cache every batch would read all of them.
 */
function isStreamed(config: TrainConfig, model: GptConfig, part: TrainedPart): boolean {
  if (part.kind === "everything" || !config.cache || config.trunkDropout) return false;
  const values = classifierParameterTable(model, numLabels)
    .filter(({ path }) => isTrunkParameter(path, part))
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return values * Float32Array.BYTES_PER_ELEMENT > config.trunkMemory * 1e9;
}

/** Every parameter that training started from; of a streamed base they are read now. */
export async function allStartWeights({
  params,
  source,
  streamed,
}: StartWeights): Promise<FlatParams<HostTensor>> {
  if (!streamed || source === undefined) return params;
  return { ...wholeOf((await loadGpt2(source.folder)).params), ...params };
}

/** @throws {TrainError} BAD_BASE */
function checkTokens(model: GptConfig, config: TrainConfig, vocabSize: number): void {
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
}
