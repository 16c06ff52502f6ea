/**
 * From the description beside the weights to a GptConfig: Hugging Face's config.json or OpenAI's hparams.json. A model that
 * this project would compute wrongly (another architecture, another activation, scaled attention) is refused, by what was found.
 */
import { checkConfig, type GptConfig } from "@btp/core-gpt";
import { z } from "zod";
import { openFileSource } from "../byte-source.js";
import { quoteName, WeightsError } from "../errors.js";
import { parseJsonBytes } from "../json-text.js";

const MAX_CONFIG_BYTES = 2 ** 20;
const size = (max: number) => z.int().min(1).max(max);

/** Far beyond any GPT-2, near enough that a hostile file cannot make tables of names fill the memory. */
const sizes = {
  vocabulary: size(10_000_000),
  context: size(1_000_000),
  width: size(100_000),
  layers: size(1000),
};

const huggingFaceConfig = z.looseObject({
  model_type: z.literal("gpt2"),
  vocab_size: sizes.vocabulary,
  n_positions: sizes.context.optional(),
  n_ctx: sizes.context.optional(),
  n_embd: sizes.width,
  n_layer: sizes.layers,
  n_head: sizes.width,
  n_inner: sizes.width.nullish(),
  layer_norm_epsilon: z.number().positive().max(1).default(1e-5),
  activation_function: z.string().default("gelu_new"),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  quantization_config: z.unknown().optional(),
});

const openaiHparams = z.looseObject({
  n_vocab: sizes.vocabulary,
  n_ctx: sizes.context,
  n_embd: sizes.width,
  n_head: sizes.width,
  n_layer: sizes.layers,
});

/** Two names of the same formula, GELU by tanh, which GPT-2 was trained with. "gelu" is the one by erf. */
const TANH_GELU = new Set(["gelu_new", "gelu_pytorch_tanh"]);

/** @throws {WeightsError} NOT_FOUND, UNREADABLE, CONFIG_INVALID, ARCHITECTURE_UNSUPPORTED */
export async function readConfig(path: string): Promise<GptConfig> {
  const source = await openFileSource(path);
  try {
    if (source.size > MAX_CONFIG_BYTES) throw invalid(path, [`it has ${source.size} bytes`]);
    const bytes = new Uint8Array(source.size);
    await source.readInto(bytes, 0);
    let value: unknown;
    try {
      value = parseJsonBytes(bytes).value;
    } catch (error) {
      throw invalid(path, [error instanceof Error ? error.message : "it cannot be parsed"]);
    }
    return parseConfig(value, path);
  } finally {
    await source.close();
  }
}

/** @param value - the parsed JSON of a config.json or hparams.json; told apart by their names for the vocabulary's size */
export function parseConfig(value: unknown, label = "The configuration"): GptConfig {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) throw invalid(label, ["it is not a JSON object"]);
  const config = "n_vocab" in value ? fromHparams(value, label) : fromHuggingFace(value, label);
  try {
    checkConfig(config);
  } catch (error) {
    throw invalid(label, [error instanceof Error ? error.message : "not a GPT"]);
  }
  return config;
}

function invalid(label: string, problems: readonly string[]): WeightsError {
  return new WeightsError("CONFIG_INVALID", `${label} does not describe a GPT-2:`, { problems });
}

function issues(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${issue.path.map(String).join(".") || "the file"}: ${issue.message}`);
}

function fromHparams(value: object, label: string): GptConfig {
  const parsed = openaiHparams.safeParse(value);
  if (!parsed.success) throw invalid(label, issues(parsed.error));
  const { n_vocab, n_ctx, n_embd, n_head, n_layer } = parsed.data;
  return {
    vocabSize: n_vocab,
    contextLength: n_ctx,
    width: n_embd,
    numLayers: n_layer,
    numHeads: n_head,
    // openai/gpt-2 src/model.py `norm`: not a hyperparameter there.
    layerNormEpsilon: 1e-5,
  };
}

function fromHuggingFace(value: object, label: string): GptConfig {
  const modelType = "model_type" in value ? value.model_type : undefined;
  if (modelType !== "gpt2") {
    const architectures = "architectures" in value ? value.architectures : undefined;
    const found = [`model_type ${describe(modelType)}`, `architectures ${describe(architectures)}`].join(
      ", ",
    );
    throw unsupported(label, [`found ${found}; expected model_type "gpt2"`]);
  }
  const parsed = huggingFaceConfig.safeParse(value);
  if (!parsed.success) throw invalid(label, issues(parsed.error));
  const c = parsed.data;
  const problems: string[] = [];
  if (!TANH_GELU.has(c.activation_function)) {
    problems.push(`activation_function ${describe(c.activation_function)}; this project computes "gelu_new"`);
  }
  if (c.n_inner != null && c.n_inner !== 4 * c.n_embd) {
    problems.push(`n_inner ${c.n_inner}; this project computes 4 times n_embd, ${4 * c.n_embd}`);
  }
  if (!c.scale_attn_weights) problems.push("scale_attn_weights false");
  if (c.scale_attn_by_inverse_layer_idx) problems.push("scale_attn_by_inverse_layer_idx true");
  if (c.add_cross_attention) problems.push("add_cross_attention true");
  if (c.quantization_config != null)
    problems.push("a quantization_config: load the model before it was quantized");
  if (problems.length > 0) throw unsupported(label, problems);
  const contextLength = c.n_positions ?? c.n_ctx;
  if (contextLength === undefined) throw invalid(label, ["n_positions: missing"]);
  return {
    vocabSize: c.vocab_size,
    contextLength,
    width: c.n_embd,
    numLayers: c.n_layer,
    numHeads: c.n_head,
    layerNormEpsilon: c.layer_norm_epsilon,
  };
}

function unsupported(label: string, problems: readonly string[]): WeightsError {
  return new WeightsError("ARCHITECTURE_UNSUPPORTED", `${label} describes a model that is not plain GPT-2:`, {
    problems,
  });
}

function describe(value: unknown): string {
  return value === undefined
    ? "missing"
    : quoteName(typeof value === "string" ? value : JSON.stringify(value));
}
