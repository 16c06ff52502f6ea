/** For tests: a folder with a GPT-2 of random weights under Hugging Face's names, too small to say anything. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { flattenParams, type GptConfig, initialise } from "@btp/core-gpt";
import { encodeSafetensors, parameterNames } from "@btp/weights-gpt2";

export async function writeTinyGpt2(folder: string): Promise<void> {
  const config: GptConfig = {
    vocabSize: 50257,
    contextLength: 32,
    width: 8,
    numLayers: 2,
    numHeads: 2,
    layerNormEpsilon: 1e-5,
  };
  const names = parameterNames(config);
  const entries = flattenParams(initialise(config, { seed: 11 })).map(({ path, value }) => ({
    name: names.get(path)!.huggingFace,
    dtype: "F32" as const,
    shape: value.shape,
    // Ten times a fresh model's, so that its choices differ from token to token.
    data: Float32Array.from(value.data, (number) => (path.endsWith("weight") ? 10 * number : number)),
  }));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors(entries));
  const described = {
    model_type: "gpt2",
    activation_function: "gelu_new",
    n_layer: config.numLayers,
    n_embd: config.width,
    n_head: config.numHeads,
    n_positions: config.contextLength,
    vocab_size: config.vocabSize,
    layer_norm_epsilon: config.layerNormEpsilon,
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(described));
}
