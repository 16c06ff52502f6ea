/**
 * Reads a detector directory: config.json, model.safetensors and, for a delta, its base. The directory is untrusted:
 * sizes, hash, names, shapes and types are checked before a value is used. Nothing here computes.
 */
import { join } from "node:path";
import type { ClassifierParams, GptConfig, HostTensor } from "@btp/core-gpt/parameters";
import { openSafetensors, WeightsError } from "@btp/weights-gpt2";
import { DetectorError } from "../errors.js";
import { type BaseReference, type DetectorConfig, parseConfig, type StoredPrecision } from "./config.js";
import { type BaseResolver, inheritTensors } from "./delta.js";
import { hashFile, readSmallTextFile, requireFile } from "./files.js";
import { assembleParams, readWeights, type StoredWeights } from "./weights.js";

/** Everything a detector is, in memory. */
export interface DetectorArtifact {
  readonly architecture: GptConfig;
  /** float32, whatever the precision on disk. */
  readonly params: ClassifierParams<HostTensor>;
  /** For a restricted vocabulary: the gpt2 token ids that have an embedding, as core-gpt's restrictVocabulary takes them. */
  readonly keptTokenIds?: Int32Array;
  /** Whether texts are normalised before they are cut into tokens; absent: they are read as they are. */
  readonly normalise?: boolean;
  /** A score at or above it is cyberbullying, 0 to 1. */
  readonly threshold: number;
  /** Logits are divided by it. */
  readonly temperature: number;
  /** Tokens of a message that are read. */
  readonly maxLength: number;
}

export interface StoredArtifact extends DetectorArtifact {
  /** Of model.safetensors, hex. */
  readonly sha256: string;
  readonly precision: StoredPrecision;
  readonly base?: BaseReference;
}

export interface ReadOptions {
  /** Finds a delta's base; without it a delta is refused. */
  readonly resolveBase?: BaseResolver;
}

const maxConfigBytes = 1_000_000;

/**
 * @param dir - a detector directory
 * @throws {DetectorError} DETECTOR_NOT_FOUND, CONFIG_INVALID, FORMAT_VERSION_UNSUPPORTED, WEIGHTS_INVALID,
 *   BASE_NOT_FOUND, BASE_MISMATCH
 */
export async function readArtifact(dir: string, options: ReadOptions = {}): Promise<StoredArtifact> {
  const config = parseConfig(await readSmallTextFile(join(dir, "config.json"), maxConfigBytes));
  const modelPath = join(dir, "model.safetensors");
  await requireFile(modelPath);
  const sha256 = await hashFile(modelPath);
  if (sha256 !== config.weights.sha256) {
    throw new DetectorError(
      "WEIGHTS_INVALID",
      `Expected model.safetensors with sha256 ${config.weights.sha256}, as config.json says, got ${sha256}. The files are damaged or of two different runs.`,
    );
  }
  const weights = await readFileWeights(modelPath, config);
  const inherited = await readInherited(config, weights, options.resolveBase);
  return {
    architecture: config.architecture,
    params: assembleParams(config.architecture, weights.tensors, inherited),
    ...(weights.keptTokenIds && { keptTokenIds: weights.keptTokenIds }),
    ...(config.tokenizer.normalisation !== undefined && { normalise: true }),
    threshold: config.threshold,
    temperature: config.temperature,
    maxLength: config.maxLength,
    sha256,
    precision: config.weights.precision,
    ...(config.weights.base && { base: config.weights.base }),
  };
}

async function readFileWeights(path: string, config: DetectorConfig): Promise<StoredWeights> {
  try {
    const file = await openSafetensors(path);
    try {
      return await readWeights(file, {
        architecture: config.architecture,
        precision: config.weights.precision,
        restricted: config.tokenizer.restricted,
        delta: config.weights.base !== undefined,
      });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new DetectorError("WEIGHTS_INVALID", error.message, { cause: error });
  }
}

async function readInherited(
  config: DetectorConfig,
  weights: StoredWeights,
  resolveBase: BaseResolver | undefined,
): Promise<Map<string, HostTensor>> {
  const { base } = config.weights;
  if (!base) return new Map();
  if (!resolveBase) {
    throw new DetectorError(
      "BASE_NOT_FOUND",
      `This detector is a delta on the base ${JSON.stringify(base.name)}, and no way to find bases was given. Pass resolveBase.`,
    );
  }
  return inheritTensors(base, await resolveBase(base), weights.absent, weights.keptTokenIds);
}
