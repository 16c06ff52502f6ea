import { describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { parseConfig } from "./config.js";

const huggingFace = { model_type: "gpt2", vocab_size: 10, n_positions: 8, n_embd: 4, n_layer: 1, n_head: 2 };
const openai = { n_vocab: 10, n_ctx: 8, n_embd: 4, n_layer: 1, n_head: 2 };
const config = {
  vocabSize: 10,
  contextLength: 8,
  width: 4,
  numLayers: 1,
  numHeads: 2,
  layerNormEpsilon: 1e-5,
};

function problemsOf(value: unknown): { code: string; problems: string } {
  try {
    parseConfig(value);
  } catch (error) {
    if (error instanceof WeightsError) return { code: error.code, problems: error.problems.join("\n") };
    throw error;
  }
  throw new Error("expected a WeightsError");
}

describe("parseConfig", () => {
  it("reads config.json and hparams.json alike", () => {
    expect(parseConfig(huggingFace)).toEqual(config);
    expect(parseConfig(openai)).toEqual(config);
  });

  it("reads what transformers writes beside the sizes", () => {
    const full = {
      ...huggingFace,
      activation_function: "gelu_pytorch_tanh",
      n_inner: 16,
      layer_norm_epsilon: 1e-3,
      n_ctx: 8,
      task_specific_params: { "text-generation": { do_sample: true } },
    };
    expect(parseConfig(full)).toEqual({ ...config, layerNormEpsilon: 1e-3 });
    const { n_positions, ...old } = huggingFace;
    expect(parseConfig({ ...old, n_ctx: n_positions })).toEqual(config);
  });

  it.each([
    [
      "another model",
      { model_type: "llama", architectures: ["LlamaForCausalLM"] },
      /"llama".*LlamaForCausalLM/,
    ],
    ["no model type", { hidden_size: 3 }, /model_type missing/],
    ["GELU by erf", { ...huggingFace, activation_function: "gelu" }, /activation_function "gelu"/],
    ["another inner width", { ...huggingFace, n_inner: 5 }, /n_inner 5/],
    ["unscaled attention", { ...huggingFace, scale_attn_weights: false }, /scale_attn_weights/],
    ["attention scaled by layer", { ...huggingFace, scale_attn_by_inverse_layer_idx: true }, /inverse_layer/],
    ["cross-attention", { ...huggingFace, add_cross_attention: true }, /cross/],
    ["a quantized model", { ...huggingFace, quantization_config: { bits: 4 } }, /quantization_config/],
  ])("refuses %s as unsupported and says what was found", (_what, value, message) => {
    const { code, problems } = problemsOf(value);
    expect(code).toBe("ARCHITECTURE_UNSUPPORTED");
    expect(problems).toMatch(message);
  });

  it.each([
    ["no object", [1], /not a JSON object/],
    ["a missing size", { ...openai, n_layer: undefined }, /n_layer/],
    ["a size that would fill the memory", { ...openai, n_layer: 1e9 }, /n_layer/],
    ["a fraction", { ...huggingFace, n_embd: 1.5 }, /n_embd/],
    ["heads that do not divide the width", { ...huggingFace, n_head: 3 }, /multiple of numHeads/],
    ["an epsilon of zero", { ...huggingFace, layer_norm_epsilon: 0 }, /layer_norm_epsilon/],
    ["no context", { ...huggingFace, n_positions: undefined }, /n_positions: missing/],
  ])("refuses %s as invalid", (_what, value, message) => {
    const { code, problems } = problemsOf(value);
    expect(code).toBe("CONFIG_INVALID");
    expect(problems).toMatch(message);
  });
});
