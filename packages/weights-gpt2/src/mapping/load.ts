/**
 * Loads a GPT-2 from files: path or folder in, parameters as plain arrays out. The same weights give the same bytes whatever
 * form they come in. Reads one tensor after the other straight into its final array; nothing is held twice.
 */
import { createHash, type Hash } from "node:crypto";
import {
  type BlockParams,
  buildParams,
  flattenParams,
  type GptConfig,
  type GptParams,
  type LayerNormParams,
  type LinearParams,
  parameterTable,
} from "@btp/core-gpt";
import { quoteName, WeightsError } from "../errors.js";
import type { HostTensor, TensorFile } from "../tensor.js";
import { readConfig } from "./config.js";
import { type LocatedWeights, locateWeights, openLocated } from "./open.js";
import { type PlannedTensor, type PlanOptions, planLoad } from "./plan.js";

export interface OpenOptions extends PlanOptions {
  /** Instead of the config.json or hparams.json beside the weights. */
  readonly config?: GptConfig;
}

export interface LoadOptions extends OpenOptions {
  /** Called after each tensor. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

export type FloatTensor = Extract<HostTensor, { readonly dtype: "float32" }>;

export interface LoadedGpt2 {
  readonly config: GptConfig;
  readonly params: GptParams<FloatTensor>;
  /** [V, D] where the file holds an output matrix that is not the token embedding; undefined: they are one ("tied"). */
  readonly languageModelHead: FloatTensor | undefined;
  /** Tensors of the file that are not parameters and were left unread. */
  readonly ignored: readonly string[];
  readonly source: LocatedWeights;
}

/** An open model whose parameters are read one by one: for models that are larger than the memory. The caller closes it. */
export interface Gpt2Reader {
  readonly config: GptConfig;
  /** Paths of core-gpt's parameter table, all of which `read` knows. */
  readonly paths: readonly string[];
  readonly ignored: readonly string[];
  readonly source: LocatedWeights;
  /** One parameter by its path. @throws {WeightsError} TENSOR_NOT_FOUND, CHECKSUM_MISMATCH, UNREADABLE */
  read(path: string): Promise<FloatTensor>;
  /** All of one block, counted from 0. */
  readBlock(index: number): Promise<BlockParams<FloatTensor>>;
  /** [V, D] where it is not the token embedding; reads both to compare them. */
  readLanguageModelHead(tokenEmbedding: FloatTensor): Promise<FloatTensor | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a model and checks the whole mapping before a value is read.
 * @param path - a .safetensors, .safetensors.index.json or .index file, or a folder that holds one
 * @throws {WeightsError} NOT_FOUND, UNREADABLE, SAFETENSORS_INVALID, CHECKPOINT_INVALID, CONFIG_INVALID,
 *   ARCHITECTURE_UNSUPPORTED, WEIGHTS_MISMATCH
 */
export async function openGpt2(path: string, options: OpenOptions = {}): Promise<Gpt2Reader> {
  const source = await locateWeights(path);
  const described = options.config ?? (await configBeside(source));
  const file = await openLocated(source);
  try {
    const { config, parameters, ignored, languageModelHead } = planLoad(file, described, options);
    const read = async (parameterPath: string): Promise<FloatTensor> => {
      const planned = parameters.get(parameterPath);
      if (planned === undefined) {
        throw new WeightsError("TENSOR_NOT_FOUND", `The model has no parameter ${quoteName(parameterPath)}.`);
      }
      return readPlanned(file, planned);
    };
    return {
      config,
      paths: [...parameters.keys()],
      ignored,
      source,
      read,
      readBlock: (index) => readBlock(config, index, read),
      readLanguageModelHead: (tokenEmbedding) => untiedHead(file, languageModelHead, tokenEmbedding),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readBlock(
  config: GptConfig,
  index: number,
  read: (path: string) => Promise<FloatTensor>,
): Promise<BlockParams<FloatTensor>> {
  const paths = buildParams(config, ({ path }) => path).blocks[index];
  if (paths === undefined) {
    throw new WeightsError(
      "TENSOR_NOT_FOUND",
      `The model has blocks 0 to ${config.numLayers - 1}, not ${index}.`,
    );
  }
  const linear = async ({ weight, bias }: LinearParams<string>): Promise<LinearParams<FloatTensor>> => ({
    weight: await read(weight),
    bias: await read(bias),
  });
  const norm = async ({ gain, bias }: LayerNormParams<string>): Promise<LayerNormParams<FloatTensor>> => ({
    gain: await read(gain),
    bias: await read(bias),
  });
  return {
    attentionNorm: await norm(paths.attentionNorm),
    attention: {
      qkv: await linear(paths.attention.qkv),
      projection: await linear(paths.attention.projection),
    },
    mlpNorm: await norm(paths.mlpNorm),
    mlp: { expand: await linear(paths.mlp.expand), project: await linear(paths.mlp.project) },
  };
}

/**
 * The whole model.
 * @throws {WeightsError} what openGpt2 and its reader throw, and ABORTED
 */
export async function loadGpt2(path: string, options: LoadOptions = {}): Promise<LoadedGpt2> {
  const reader = await openGpt2(path, options);
  try {
    const { config, paths, ignored, source } = reader;
    const loaded = new Map<string, FloatTensor>();
    for (const parameterPath of paths) {
      if (options.signal?.aborted) throw new WeightsError("ABORTED", "Loading the weights was stopped.");
      loaded.set(parameterPath, await reader.read(parameterPath));
      options.onProgress?.({ done: loaded.size, total: paths.length });
    }
    return {
      config,
      params: buildParams(config, (entry) => loaded.get(entry.path)!),
      languageModelHead: await reader.readLanguageModelHead(loaded.get("tokenEmbedding")!),
      ignored,
      source,
    };
  } finally {
    await reader.close();
  }
}

async function configBeside({ path, configPath }: LocatedWeights): Promise<GptConfig> {
  if (configPath === undefined) {
    throw new WeightsError(
      "NOT_FOUND",
      `There is no config.json or hparams.json beside ${path}; it says how many heads.`,
    );
  }
  return readConfig(configPath);
}

async function readPlanned(file: TensorFile, planned: PlannedTensor): Promise<FloatTensor> {
  const { name, shape } = planned;
  if (name === undefined)
    return { dtype: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
  const tensor = await readFloats(file, name);
  if (planned.rows !== undefined) {
    return {
      dtype: "float32",
      shape,
      data: tensor.data.slice(
        0,
        shape.reduce((a, b) => a * b, 1),
      ),
    };
  }
  if (!planned.transposed) return { dtype: "float32", shape, data: tensor.data };
  const [rows = 0, columns = 0] = shape;
  return { dtype: "float32", shape, data: transpose(tensor.data, columns, rows) };
}

async function readFloats(file: TensorFile, name: string): Promise<FloatTensor> {
  const tensor = await file.read(name);
  if (tensor.dtype !== "float32")
    throw new WeightsError("TENSOR_UNREADABLE", "A planned tensor is not of floats.");
  return tensor;
}

/** Square tiles, so that both arrays are walked within the cache. */
const TILE = 32;

function transpose(from: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const to = new Float32Array(from.length);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      for (let r = r0; r < Math.min(r0 + TILE, rows); r++) {
        for (let c = c0; c < Math.min(c0 + TILE, columns); c++) to[c * rows + r] = from[r * columns + c]!;
      }
    }
  }
  return to;
}

/** GPT2LMHeadModel may save its head though it is the embedding; equal values mean that they are tied. */
async function untiedHead(
  file: TensorFile,
  name: string | undefined,
  tokenEmbedding: FloatTensor,
): Promise<FloatTensor | undefined> {
  if (name === undefined) return undefined;
  const head = await readFloats(file, name);
  return Buffer.compare(bytesOf(head.data), bytesOf(tokenEmbedding.data)) === 0 ? undefined : head;
}

/**
 * SHA-256 of the architecture and every parameter's float32 bytes, in the table's order: the same for the same weights in
 * any form, so it can name them in caches and in detectors that store only what changed.
 */
export function digestParams(config: GptConfig, params: GptParams<Pick<FloatTensor, "data">>): string {
  const hash = digestOf(config);
  for (const { value } of flattenParams(params)) hash.update(bytesOf(value.data));
  return hash.digest("hex");
}

/**
 * The same digest of a model that is read one parameter after the other and not held.
 * @param onParameter - gets each parameter, for whoever wants to keep some
 */
export async function digestReader(
  { config, read }: Pick<Gpt2Reader, "config" | "read">,
  onParameter: (path: string, tensor: FloatTensor) => void = () => undefined,
): Promise<string> {
  const hash = digestOf(config);
  for (const { path } of parameterTable(config)) {
    const tensor = await read(path);
    hash.update(bytesOf(tensor.data));
    onParameter(path, tensor);
  }
  return hash.digest("hex");
}

function digestOf(config: GptConfig): Hash {
  const { vocabSize, contextLength, width, numLayers, numHeads, layerNormEpsilon } = config;
  const sizes = [vocabSize, contextLength, width, numLayers, numHeads, layerNormEpsilon];
  return createHash("sha256").update(JSON.stringify(sizes));
}

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
