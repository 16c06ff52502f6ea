/** For tests and benchmarks: a folder with GPT-2 weights as Hugging Face lays them out, random. Not exported by the package. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flattenParams, type GptConfig, initialise } from "@btp/core-gpt";
import { parameterNames, writeSafetensors } from "@btp/weights-gpt2";

export async function writeRandomBase(folder: string, config: GptConfig, seed = 1): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const names = parameterNames(config);
  const entries = flattenParams(initialise(config, { seed })).map(({ path, value }) => ({
    name: names.get(path)!.huggingFace,
    dtype: "F32" as const,
    shape: value.shape,
    data: value.data as Float32Array,
  }));
  await writeSafetensors(join(folder, "model.safetensors"), entries);
  const described = {
    model_type: "gpt2",
    architectures: ["GPT2Model"],
    activation_function: "gelu_new",
    vocab_size: config.vocabSize,
    n_positions: config.contextLength,
    n_ctx: config.contextLength,
    n_embd: config.width,
    n_layer: config.numLayers,
    n_head: config.numHeads,
    layer_norm_epsilon: config.layerNormEpsilon,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(described));
}
