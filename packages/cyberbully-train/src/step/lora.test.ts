import { classifierParameterTable, type GptConfig, gptConfigs, initialiseParameter } from "@btp/core-gpt";
import { expectClose } from "@btp/test-kit";
import type { HostTensor } from "@btp/tfjs-jit";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forward } from "./forward.js";
import { type LoraOptions, mergeAdapters, selectLoraPart } from "./lora.js";
import { changedPaths, type FlatParams, isTrunkParameter, selectTrainedPart } from "./trained-part.js";

const config: GptConfig = { ...gptConfigs.tiny, vocabSize: 40, contextLength: 8, numLayers: 3 };
const options: LoraOptions = { rank: 3, alpha: 6, blocks: 2, matrices: "all" };
const part = selectLoraPart(config, options);

beforeAll(() => tf.setBackend("cpu"));
afterAll(() => tf.disposeVariables());

/** Large enough everywhere that every term of the low-rank product shows. */
const randomValue = (entry: { readonly path: string; readonly shape: readonly number[] }): HostTensor =>
  initialiseParameter(
    { ...entry, dtype: "float32", decayed: true, initialiser: { kind: "normal", standardDeviation: 0.2 } },
    5,
  );

const base: FlatParams<HostTensor> = Object.fromEntries(
  classifierParameterTable(config, 2).map((entry) => [entry.path, randomValue(entry)]),
);
const trained: FlatParams<HostTensor> = Object.fromEntries(
  part.trained.map((entry) => [entry.path, base[entry.path] ?? randomValue(entry)]),
);

const tensorOf = ({ data, shape }: HostTensor): tf.Tensor => tf.tensor(data, [...shape], "float32");
const onDevice = (params: FlatParams<HostTensor>): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(params).map(([path, value]) => [path, tensorOf(value)]));

const batch = () => ({
  input: tensorOf(randomValue({ path: "hidden states", shape: [2, 5, config.width] })),
  positions: tf.tensor1d([0, 1, 2, 3, 4], "int32"),
  mask: tf.tensor2d([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [2, 5]),
  rows: tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 7], "int32"),
  slots: tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 7, 0, 0], [2, 5], "int32"),
});

describe("adapters", () => {
  it("stand beside every matrix of the blocks asked for, and train nothing else but final LayerNorm and head", () => {
    expect(part.firstBlock).toBe(1);
    expect(part.trained.map(({ path, shape }) => `${path} [${shape.join(", ")}]`)).toMatchInlineSnapshot(`
      [
        "gpt.blocks.1.attention.qkv.lora.down [32, 3]",
        "gpt.blocks.1.attention.qkv.lora.up [3, 96]",
        "gpt.blocks.1.attention.projection.lora.down [32, 3]",
        "gpt.blocks.1.attention.projection.lora.up [3, 32]",
        "gpt.blocks.1.mlp.expand.lora.down [32, 3]",
        "gpt.blocks.1.mlp.expand.lora.up [3, 128]",
        "gpt.blocks.1.mlp.project.lora.down [128, 3]",
        "gpt.blocks.1.mlp.project.lora.up [3, 32]",
        "gpt.blocks.2.attention.qkv.lora.down [32, 3]",
        "gpt.blocks.2.attention.qkv.lora.up [3, 96]",
        "gpt.blocks.2.attention.projection.lora.down [32, 3]",
        "gpt.blocks.2.attention.projection.lora.up [3, 32]",
        "gpt.blocks.2.mlp.expand.lora.down [32, 3]",
        "gpt.blocks.2.mlp.expand.lora.up [3, 128]",
        "gpt.blocks.2.mlp.project.lora.down [128, 3]",
        "gpt.blocks.2.mlp.project.lora.up [3, 32]",
        "gpt.finalNorm.gain [32]",
        "gpt.finalNorm.bias [32]",
        "head.weight [32, 2]",
        "head.bias [2]",
      ]
    `);
    const attention = selectLoraPart(config, { ...options, blocks: "all", matrices: "attention" });
    expect(attention.lora?.adapters.map(({ beside }) => beside)).toEqual(
      [0, 1, 2].flatMap((k) => [`gpt.blocks.${k}.attention.qkv`, `gpt.blocks.${k}.attention.projection`]),
    );
    expect(() => selectLoraPart(config, { ...options, blocks: 4 })).toThrow(/from 0 to 3/);
  });

  it("change nothing before the first update: their second matrix is zero", () => {
    const fresh = Object.fromEntries(
      part.trained.map((entry) => [entry.path, base[entry.path] ?? initialiseParameter(entry, 1)]),
    );
    for (const [path, { data }] of Object.entries(fresh))
      if (path.endsWith(".lora.up")) expect(data.every((value) => value === 0)).toBe(true);
    expect(mergeAdapters(part, base, fresh)["gpt.blocks.2.mlp.expand.weight"]?.data).toEqual(
      base["gpt.blocks.2.mlp.expand.weight"]?.data,
    );
  });

  it("give the logits of the plain weights that they are merged into", () => {
    const merged = mergeAdapters(part, base, trained);
    expect(new Set(Object.keys(merged))).toEqual(changedPaths(part));
    const plainPart = selectTrainedPart(config, 2);
    const [beside, inside] = tf.tidy(() => [
      forward(config, part, onDevice({ ...base, ...trained }), batch()).logits.dataSync(),
      forward(config, plainPart, onDevice({ ...base, ...merged }), batch()).logits.dataSync(),
    ]);
    const untouched = tf.tidy(() => forward(config, plainPart, onDevice(base), batch()).logits.dataSync());
    expectClose(inside, beside, 1e-5); // float32 sums in another order
    expect(Math.abs(untouched[0]! - beside[0]!)).toBeGreaterThan(1e-3);
  });

  it("have the gradients of weight + scale · down · up computed directly", () => {
    const adapters = part.lora!.adapters;
    const paths = adapters.flatMap(({ down, up }) => [down.path, up.path]);
    const plainPart = selectTrainedPart(config, 2);
    const values = onDevice({ ...base, ...trained });
    const inputs = batch();
    const lossOf = (logits: tf.Tensor): tf.Scalar =>
      tf.sum(tf.mul(logits, tf.tensor2d([1, -2, 0.5, 3], [2, 2])));
    const variables = paths.map((path) => values[path]!);
    const named = (given: readonly tf.Tensor[]): Record<string, tf.Tensor> => ({
      ...values,
      ...Object.fromEntries(paths.map((path, i) => [path, given[i]!])),
    });
    const beside = tf.valueAndGrads((...given: tf.Tensor[]) =>
      lossOf(forward(config, part, named(given), inputs).logits),
    )(variables);
    const direct = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const flat = named(given);
      for (const { beside: name, down, up } of adapters) {
        const product = tf.matMul(flat[down.path] as tf.Tensor2D, flat[up.path] as tf.Tensor2D);
        flat[`${name}.weight`] = tf.add(flat[`${name}.weight`]!, tf.mul(product, 2)); // alpha / rank = 6 / 3
      }
      return lossOf(forward(config, plainPart, flat, inputs).logits);
    })(variables);
    for (const [i, path] of paths.entries()) {
      const expected = direct.grads[i]!.dataSync();
      const largest = Math.max(...Float32Array.from(expected, Math.abs));
      expect(largest, path).toBeGreaterThan(1e-3);
      expectClose(beside.grads[i]!.dataSync(), expected, 2e-5 * Math.max(1, largest)); // float32 sums of some dozen terms
    }
  });

  it("leave the blocks below the first one to the trunk, and nothing above", () => {
    const ofTrunk = classifierParameterTable(config, 2).filter(({ path }) => isTrunkParameter(path, part));
    expect(ofTrunk.map(({ path }) => path.replace(/(blocks\.\d).*/, "$1"))).toEqual([
      "gpt.tokenEmbedding",
      "gpt.positionEmbedding",
      ...Array.from({ length: 12 }, () => "gpt.blocks.0"),
    ]);
  });
});
