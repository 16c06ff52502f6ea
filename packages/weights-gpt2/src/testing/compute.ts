/** Runs loaded weights through core-gpt on TensorFlow.js's JavaScript backend, and takes them apart again. For tests only. */
import { flattenParams, hiddenStates, languageModelLogits, mapParams, tiedLogits } from "@btp/core-gpt";
import type { FixtureTensor } from "@btp/test-kit";
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import type { FloatTensor, LoadedGpt2 } from "../mapping/load.js";
import { parameterNames } from "../mapping/name-map.js";
import type { SafetensorsEntry } from "../safetensors/write.js";

// Their float32 and ours add in another order; GELU by erf would show as 3e-4 at least.
export const TOLERANCE = 1e-4;

const toTensor = ({ shape, data }: FloatTensor): tf.Tensor => tf.tensor(data, [...shape], "float32");

interface Outputs {
  readonly logits: Float32Array;
  readonly hidden: Float32Array;
}

export function compute({ config, params, languageModelHead }: LoadedGpt2, ids: FixtureTensor): Outputs {
  return tf.tidy(() => {
    const tensors = mapParams(params, toTensor);
    const positions = tf.range(0, ids.shape[1]!, 1, "int32");
    const idTensor = tf.tensor(ids.data, [...ids.shape], "int32");
    const hidden = hiddenStates(tensors, config, idTensor, positions);
    const logits =
      languageModelHead === undefined
        ? languageModelLogits(tensors, config, idTensor, positions)
        : tiedLogits(hidden, toTensor(languageModelHead));
    return { logits: logits.dataSync<"float32">(), hidden: hidden.dataSync<"float32">() };
  });
}

/** Appends the most likely token to each row, `count` times; returns the appended ones, row by row. */
export function greedy(model: LoadedGpt2, ids: FixtureTensor, count: number): number[] {
  const [rows = 0, length = 0] = ids.shape;
  const V = model.config.vocabSize;
  let tokens = Array.from({ length: rows }, (_, r) =>
    Array.from(ids.data.slice(r * length, (r + 1) * length)),
  );
  for (let step = 0; step < count; step++) {
    const T = length + step;
    const { logits } = compute(model, {
      dtype: "int32",
      shape: [rows, T],
      data: Int32Array.from(tokens.flat()),
    });
    tokens = tokens.map((row, r) => {
      const last = logits.subarray((r * T + T - 1) * V, (r * T + T) * V);
      return [...row, last.indexOf(Math.max(...last))];
    });
  }
  return tokens.flatMap((row) => row.slice(length));
}

export const named = (tensors: Map<string, FixtureTensor>, name: string): FixtureTensor => {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`no ${name} in the fixture`);
  return tensor;
};

export type FloatEntry = Extract<SafetensorsEntry, { readonly data: Float32Array }>;

export function sameBytes(a: Float32Array, b: Float32Array): boolean {
  return Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;
}

export function* entriesOf(
  { config, params }: LoadedGpt2,
  form: "huggingFace" | "openai",
): Generator<FloatEntry> {
  const names = parameterNames(config);
  for (const { path, value } of flattenParams(params)) {
    yield { name: names.get(path)![form], dtype: "F32", shape: value.shape, data: value.data };
  }
}
