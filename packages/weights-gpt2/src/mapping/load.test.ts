/** Every published form of GPT-2's weights, run through core-gpt on TensorFlow.js's JavaScript backend. */
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expectClose, readTensors } from "@btp/test-kit";
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { encodeSafetensors, type SafetensorsEntry } from "../safetensors/write.js";
import { encodeCheckpoint, writeCheckpoint } from "../testing/checkpoint-writer.js";
import { compute, entriesOf, type FloatEntry, greedy, named, TOLERANCE } from "../testing/compute.js";
import { digestParams, type LoadedGpt2, loadGpt2, openGpt2 } from "./load.js";

let folder: string;
beforeAll(async () => {
  await tf.setBackend("cpu");
  folder = await mkdtemp(join(tmpdir(), "btp-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("models of this project's own, made with Hugging Face's code", () => {
  const goldens = fileURLToPath(new URL("../../goldens", import.meta.url));

  it.each(["one-head", "half-with-buffers", "separate-head", "linear-layout"])(
    "computes what Hugging Face computes: %s",
    async (name) => {
      const model = await loadGpt2(join(goldens, name));
      const expected = readTensors(join(goldens, name, "expected.safetensors"));
      const ids = named(expected, "ids");
      const { logits, hidden } = compute(model, ids);
      expectClose(hidden, named(expected, "hidden").data, TOLERANCE, "hidden");
      expectClose(logits, named(expected, "logits").data, TOLERANCE, "logits");
      const tokens = expected.get("greedy");
      if (tokens !== undefined) expect(greedy(model, ids, 20)).toEqual(Array.from(tokens.data));
      expect(tokens === undefined).toBe(name === "one-head");
    },
  );

  it("leaves the mask buffers of older files unread", async () => {
    const { ignored } = await loadGpt2(join(goldens, "half-with-buffers"));
    expect(ignored).toHaveLength(6);
    expect(ignored).toContain("transformer.h.2.attn.masked_bias");
  });

  it("keeps a language-model head that is not the embedding, and drops one that is", async () => {
    const separate = await loadGpt2(join(goldens, "separate-head"));
    expect(separate.languageModelHead?.shape).toEqual([131, 16]);
    const tied = await saveAndLoad(await loadGpt2(join(goldens, "one-head")), (entries) => {
      const embedding = entries.find(({ name }) => name === "wte.weight")!;
      return [...entries, { ...embedding, name: "lm_head.weight" }];
    });
    expect(tied.languageModelHead).toBeUndefined();
  });

  it("gives the same bytes for the same weights from safetensors and from a TensorFlow checkpoint", async () => {
    const model = await loadGpt2(join(goldens, "half-with-buffers"));
    const prefix = join(folder, "model.ckpt");
    const variables = [...entriesOf(model, "openai")].map(({ name, shape, data }) => ({
      name,
      type: 1,
      shape: name.endsWith("/w") ? [1, ...shape] : shape,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    }));
    await writeCheckpoint(prefix, encodeCheckpoint(variables, { numShards: 1 }));
    const { config } = model;
    const hparams = {
      n_vocab: config.vocabSize,
      n_ctx: config.contextLength,
      n_embd: config.width,
      n_head: config.numHeads,
      n_layer: config.numLayers,
    };
    await writeFile(join(folder, "hparams.json"), JSON.stringify(hparams));
    const fromCheckpoint = await loadGpt2(prefix);
    expect(fromCheckpoint.config).toEqual(config);
    expect(digestParams(config, fromCheckpoint.params)).toBe(digestParams(config, model.params));
  });
});

/** Writes a model's weights with a change, and loads what was written with the model's own configuration. */
async function saveAndLoad(
  model: LoadedGpt2,
  change: (entries: FloatEntry[]) => SafetensorsEntry[],
  options: Parameters<typeof loadGpt2>[1] = {},
): Promise<LoadedGpt2> {
  const path = join(folder, "changed.safetensors");
  await writeFile(path, encodeSafetensors(change([...entriesOf(model, "huggingFace")])));
  return loadGpt2(path, { config: model.config, ...options });
}

describe("openGpt2", () => {
  it("reads one block after the other, each as the whole model has it", async () => {
    const path = join(fileURLToPath(new URL("../../goldens", import.meta.url)), "linear-layout");
    const whole = await loadGpt2(path);
    const reader = await openGpt2(path);
    expect(reader.config).toEqual(whole.config);
    for (const [i, block] of whole.params.blocks.entries()) expect(await reader.readBlock(i)).toEqual(block);
    expect(await reader.read("finalNorm.gain")).toEqual(whole.params.finalNorm.gain);
    await expect(reader.readBlock(2)).rejects.toThrow(/blocks 0 to 1, not 2/);
    await expect(reader.read("head.weight")).rejects.toMatchObject({ code: "TENSOR_NOT_FOUND" });
    await reader.close();
  });
});

describe("weights that do not fit", () => {
  let model: LoadedGpt2;
  beforeAll(async () => {
    const goldens = fileURLToPath(new URL("../../goldens", import.meta.url));
    model = await loadGpt2(join(goldens, "one-head"));
  });

  const problemsOf = async (...args: Parameters<typeof saveAndLoad>): Promise<readonly string[]> => {
    const error = await saveAndLoad(...args).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    if (!(error instanceof WeightsError)) throw new Error("expected a WeightsError");
    expect(error.code).toBe("WEIGHTS_MISMATCH");
    return error.problems;
  };

  it("are refused in one error that lists missing, extra, misshapen and wrongly typed tensors", async () => {
    const problems = await problemsOf(model, (entries) => [
      ...entries
        .filter(({ name }) => name !== "ln_f.bias")
        .map((entry): SafetensorsEntry => {
          if (entry.name === "wte.weight") return { ...entry, shape: entry.shape.toReversed() };
          if (entry.name !== "h.0.ln_1.bias") return entry;
          return {
            name: entry.name,
            shape: entry.shape,
            dtype: "I8",
            data: new Int8Array(entry.data.length),
          };
        }),
      { name: "score.weight", dtype: "F32", shape: [2, 7], data: new Float32Array(14) },
    ]);
    expect(problems).toMatchInlineSnapshot(`
      [
        ""wte.weight": is [7, 11]; expected [11, 7] for tokenEmbedding",
        ""h.0.ln_1.bias": is "I8"; expected F64, F32, F16 or BF16 for blocks.0.attentionNorm.bias",
        "missing: ln_f.bias [7] for finalNorm.bias",
        "extra: "score.weight" [2, 7]",
      ]
    `);
  });

  it("may hold more where the caller allows it", async () => {
    const extra: SafetensorsEntry = {
      name: "score.weight",
      dtype: "F32",
      shape: [1],
      data: new Float32Array(1),
    };
    const loaded = await saveAndLoad(model, (entries) => [...entries, extra], { allowExtra: true });
    expect(loaded.ignored).toEqual(["score.weight"]);
  });

  it("may lack biases where the caller says that the model has none", async () => {
    const without = (entries: FloatEntry[]) => entries.filter(({ name }) => name !== "h.0.attn.c_attn.bias");
    const { params } = await saveAndLoad(model, without, { missingBiases: "zeros" });
    expect(params.blocks[0]?.attention.qkv.bias).toEqual({
      dtype: "float32",
      shape: [21],
      data: new Float32Array(21),
    });
    const gone = (entries: FloatEntry[]) => entries.filter(({ name }) => name !== "h.0.attn.c_attn.weight");
    await expect(saveAndLoad(model, gone, { missingBiases: "zeros" })).rejects.toMatchObject({
      problems: ["missing: h.0.attn.c_attn.weight [7, 21] for blocks.0.attention.qkv.weight"],
    });
  });

  it("are refused where a name stands with and without its prefix", async () => {
    const problems = await problemsOf(model, (entries) => [
      ...entries,
      { ...entries[0]!, name: `transformer.${entries[0]!.name}` },
    ]);
    expect(problems).toEqual(['"wte.weight" occurs with and without its prefix']);
  });

  it("are refused where the context is another, unless told to cut", async () => {
    expect(await problemsOf(model, (entries) => entries, { contextLength: 3 })).toEqual([
      '"wpe.weight": holds 5 positions, 3 are wanted; context: "cut" takes the smaller of the two',
    ]);
    const shorter = await saveAndLoad(model, (e) => e, { contextLength: 3, context: "cut" });
    expect(shorter.config.contextLength).toBe(3);
    expect(shorter.params.positionEmbedding.shape).toEqual([3, 7]);
    expect(shorter.params.positionEmbedding.data).toEqual(model.params.positionEmbedding.data.slice(0, 21));
    const longer = await saveAndLoad(model, (e) => e, { contextLength: 99, context: "cut" });
    expect(longer.config.contextLength).toBe(5);
  });

  it("stop being read when the caller aborts", async () => {
    const aborted = saveAndLoad(model, (e) => e, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("what a path stands for", () => {
  it("is explained where it holds no weights", async () => {
    const empty = await mkdtemp(join(folder, "empty-"));
    await expect(loadGpt2(empty)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(loadGpt2(join(empty, "none"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await writeFile(join(empty, "pytorch_model.bin"), "");
    await expect(loadGpt2(empty)).rejects.toThrow(/can run code/);
  });

  it("needs a configuration beside it", async () => {
    const goldens = fileURLToPath(new URL("../../goldens", import.meta.url));
    const lone = await mkdtemp(join(folder, "lone-"));
    await copyFile(join(goldens, "one-head", "model.safetensors"), join(lone, "renamed.safetensors"));
    await expect(loadGpt2(lone)).rejects.toThrow(/no config.json or hparams.json/);
    await copyFile(join(goldens, "one-head", "config.json"), join(lone, "config.json"));
    expect((await loadGpt2(lone)).config.width).toBe(7);
  });
});
