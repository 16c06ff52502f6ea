/**
 * The one table of a GPT's parameters: what initialisation, optimizer, checkpoint and weight loaders all walk, so that a
 * parameter is described in this file and nowhere else. It holds no values.
 *
 * Shape letters: V vocabulary, C context, D width, L blocks, R rows of a table of hashed tokens.
 */
import { checkConfig, type GptConfig } from "./config.js";
import { GptError } from "./errors.js";
import {
  type BlockParams,
  type ClassifierParams,
  flattenParams,
  type GptParams,
  type LayerNormParams,
  type LinearParams,
  mapParams,
} from "./params.js";

export type Initialiser =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "normal"; readonly standardDeviation: number };

export interface ParameterEntry {
  /** Keys of the tree joined by dots, for example "gpt.blocks.0.attention.qkv.weight". */
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: "float32";
  readonly initialiser: Initialiser;
  /** Whether AdamW's weight decay shrinks it: matrices yes, biases and LayerNorm no. */
  readonly decayed: boolean;
}

type Description = Omit<ParameterEntry, "path">;

/** Radford et al. 2018, section 4.1: "N(0, 0.02)". OpenAI's GPT-2 code takes 0.01 for positions; Hugging Face's and ours 0.02. */
const standardDeviation = 0.02;

function matrix(rows: number, columns: number, deviation = standardDeviation): Description {
  const initialiser = { kind: "normal", standardDeviation: deviation } as const;
  return { shape: [rows, columns], dtype: "float32", initialiser, decayed: true };
}

/** Rows that are looked up and begin with nothing to say. Decayed: most of what a pair seems to say is chance. */
function table(rows: number, columns: number): Description {
  return { shape: [rows, columns], dtype: "float32", initialiser: { kind: "zeros" }, decayed: true };
}

function vector(size: number, kind: "zeros" | "ones"): Description {
  return { shape: [size], dtype: "float32", initialiser: { kind }, decayed: false };
}

function linear(inputs: number, outputs: number, deviation?: number): LinearParams<Description> {
  return { weight: matrix(inputs, outputs, deviation), bias: vector(outputs, "zeros") };
}

function layerNorm(width: number): LayerNormParams<Description> {
  return { gain: vector(width, "ones"), bias: vector(width, "zeros") };
}

function block({ width, numLayers }: GptConfig): BlockParams<Description> {
  // Each block adds to the residual stream twice, 2L times in all; the scale keeps the stream's variance from growing
  // with depth (Radford et al. 2019, section 2.3).
  const residual = standardDeviation / Math.sqrt(2 * numLayers);
  return {
    attentionNorm: layerNorm(width),
    attention: { qkv: linear(width, 3 * width), projection: linear(width, width, residual) },
    mlpNorm: layerNorm(width),
    mlp: { expand: linear(width, 4 * width), project: linear(4 * width, width, residual) },
  };
}

function describeGpt(config: GptConfig): GptParams<Description> {
  checkConfig(config);
  return {
    tokenEmbedding: matrix(config.vocabSize, config.width),
    positionEmbedding: matrix(config.contextLength, config.width),
    blocks: Array.from({ length: config.numLayers }, () => block(config)),
    finalNorm: layerNorm(config.width),
  };
}

/**
 * A GPT whose parameters are `make(entry)`, called once for each entry of `parameterTable(config)`, in its order.
 * @throws {GptError} INVALID_CONFIG
 */
export function buildParams<T>(config: GptConfig, make: (entry: ParameterEntry) => T): GptParams<T> {
  return mapParams(describeGpt(config), (description, path) => make({ path, ...description }));
}

/**
 * The same for a GPT with a classification head; the paths begin with "gpt." and "head.".
 * @throws {GptError} INVALID_CONFIG
 */
export function buildClassifierParams<T>(
  config: GptConfig,
  numLabels: number,
  make: (entry: ParameterEntry) => T,
): ClassifierParams<T> {
  if (!Number.isSafeInteger(numLabels) || numLabels < 2)
    throw new GptError("INVALID_CONFIG", `a classifier needs 2 labels or more, got ${numLabels}`);
  const described = {
    gpt: describeGpt(config),
    head: linear(config.width, numLabels),
    ...(config.bigramBuckets === undefined ? {} : { bigrams: table(config.bigramBuckets, numLabels) }),
  };
  return mapParams(described, (description, path) => make({ path, ...description }));
}

/** Every parameter of a GPT, in the order in which a forward pass meets them. @throws {GptError} INVALID_CONFIG */
export function parameterTable(config: GptConfig): readonly ParameterEntry[] {
  return flattenParams(buildParams(config, (entry) => entry)).map(({ value }) => value);
}

/** Every parameter of a GPT with a classification head. @throws {GptError} INVALID_CONFIG */
export function classifierParameterTable(config: GptConfig, numLabels = 2): readonly ParameterEntry[] {
  return flattenParams(buildClassifierParams(config, numLabels, (entry) => entry)).map(({ value }) => value);
}
