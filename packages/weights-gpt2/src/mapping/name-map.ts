/**
 * The one table that ties a parameter of this project to its name in the two forms GPT-2 is published in: Hugging Face's
 * PyTorch names and OpenAI's TensorFlow names. Both store matrices as [in, out] (OpenAI's conv1d, PyTorch's "Conv1D"), and so
 * do we; OpenAI's have a leading dimension of 1, which is dropped. Models saved from plain nn.Linear layers (nanoGPT and its
 * kin) have the same names but [out, in], and are transposed. Holds names only; load.ts moves the data.
 *
 * Sources: openai/gpt-2 src/model.py; huggingface/transformers models/gpt2/modeling_gpt2.py.
 */
import type { GptConfig } from "@btp/core-gpt";

interface NameRow {
  /** Path in core-gpt's parameter table, within its block or the whole model. */
  readonly path: string;
  /** Within `h.N.` or the whole model; `transformer.` may stand before it. */
  readonly huggingFace: string;
  /** Within `model/hN/` or `model/`. */
  readonly openai: string;
  /** A matrix that multiplies from the right: [1, in, out] at OpenAI's, [out, in] where nn.Linear saved it. */
  readonly isLinear: boolean;
}

function row(path: string, huggingFace: string, openai: string, isLinear = false): NameRow {
  return { path, huggingFace, openai, isLinear };
}

const MODEL_ROWS: readonly NameRow[] = [
  row("tokenEmbedding", "wte.weight", "wte"),
  row("positionEmbedding", "wpe.weight", "wpe"),
  row("finalNorm.gain", "ln_f.weight", "ln_f/g"),
  row("finalNorm.bias", "ln_f.bias", "ln_f/b"),
];

const BLOCK_ROWS: readonly NameRow[] = [
  row("attentionNorm.gain", "ln_1.weight", "ln_1/g"),
  row("attentionNorm.bias", "ln_1.bias", "ln_1/b"),
  row("attention.qkv.weight", "attn.c_attn.weight", "attn/c_attn/w", true),
  row("attention.qkv.bias", "attn.c_attn.bias", "attn/c_attn/b"),
  row("attention.projection.weight", "attn.c_proj.weight", "attn/c_proj/w", true),
  row("attention.projection.bias", "attn.c_proj.bias", "attn/c_proj/b"),
  row("mlpNorm.gain", "ln_2.weight", "ln_2/g"),
  row("mlpNorm.bias", "ln_2.bias", "ln_2/b"),
  row("mlp.expand.weight", "mlp.c_fc.weight", "mlp/c_fc/w", true),
  row("mlp.expand.bias", "mlp.c_fc.bias", "mlp/c_fc/b"),
  row("mlp.project.weight", "mlp.c_proj.weight", "mlp/c_proj/w", true),
  row("mlp.project.bias", "mlp.c_proj.bias", "mlp/c_proj/b"),
];

export interface ParameterName {
  /** Path in core-gpt's parameter table, such as "blocks.0.attention.qkv.weight". */
  readonly path: string;
  readonly huggingFace: string;
  readonly openai: string;
  readonly isLinear: boolean;
}

/** Every parameter of a model with this many blocks, by its path. */
export function parameterNames({
  numLayers,
}: Pick<GptConfig, "numLayers">): ReadonlyMap<string, ParameterName> {
  const names = new Map<string, ParameterName>();
  for (const { path, huggingFace, openai, isLinear } of MODEL_ROWS) {
    names.set(path, { path, huggingFace, openai: `model/${openai}`, isLinear });
  }
  for (let i = 0; i < numLayers; i++) {
    for (const { path, huggingFace, openai, isLinear } of BLOCK_ROWS) {
      const whole = `blocks.${i}.${path}`;
      names.set(whole, {
        path: whole,
        huggingFace: `h.${i}.${huggingFace}`,
        openai: `model/h${i}/${openai}`,
        isLinear,
      });
    }
  }
  return names;
}

export const HUGGING_FACE_PREFIX = "transformer.";

/** The language model's output matrix [V, D]; absent where it is the token embedding itself. Never prefixed. */
export const LANGUAGE_MODEL_HEAD = "lm_head.weight";

/** The causal mask and its value for "masked", which older versions saved beside the weights; they are constants. */
const UNUSED_BUFFER = /^h\.\d+\.attn\.(?:bias|masked_bias)$/;

/** @param name - without the `transformer.` prefix */
export function isUnusedBuffer(name: string): boolean {
  return UNUSED_BUFFER.test(name);
}
