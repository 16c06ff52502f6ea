/** Every published form of GPT-2's weights, run through core-gpt on TensorFlow.js's JavaScript backend. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  flattenParams,
  type GptConfig,
  gptConfigs,
  hiddenStates,
  languageModelLogits,
  mapParams,
  tiedLogits,
} from "@btp/core-gpt";
import { expectClose, type FixtureTensor, readTensors, sharedFolder } from "@btp/test-kit";
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../checkpoint/read.js";
import { WeightsError } from "../errors.js";
import { encodeSafetensors, type SafetensorsEntry } from "../safetensors/write.js";
import { encodeCheckpoint, writeCheckpoint } from "../testing/checkpoint-writer.js";
import { digestParams, type FloatTensor, type LoadedGpt2, loadGpt2 } from "./load.js";
import { parameterNames } from "./name-map.js";

// Their float32 and ours add in another order; GELU by erf would show as 3e-4 at least.
const TOLERANCE = 1e-4;

let folder: string;
beforeAll(async () => {
  await tf.setBackend("cpu");
  folder = await mkdtemp(join(tmpdir(), "btp-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

const toTensor = ({ shape, data }: FloatTensor): tf.Tensor => tf.tensor(data, [...shape], "float32");

interface Outputs {
  readonly logits: Float32Array;
  readonly hidden: Float32Array;
}

function compute({ config, params, languageModelHead }: LoadedGpt2, ids: FixtureTensor): Outputs {
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
function greedy(model: LoadedGpt2, ids: FixtureTensor, count: number): number[] {
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

const named = (tensors: Map<string, FixtureTensor>, name: string): FixtureTensor => {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`no ${name} in the fixture`);
  return tensor;
};

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

function sameBytes(a: Float32Array, b: Float32Array): boolean {
  return Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;
}

function* entriesOf({ config, params }: LoadedGpt2, form: "huggingFace" | "openai"): Generator<FloatEntry> {
  const names = parameterNames(config);
  for (const { path, value } of flattenParams(params)) {
    yield { name: names.get(path)![form], dtype: "F32", shape: value.shape, data: value.data };
  }
}

type FloatEntry = Extract<SafetensorsEntry, { readonly data: Float32Array }>;

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

const fixture = sharedFolder("fixtures/gpt2-tiny");

describe.skipIf(fixture === null)("every form in ../shared/fixtures/gpt2-tiny (skipped without it)", () => {
  const forms = ["hf-f32", "hf-f32-sharded", "hub-f32", "openai"];
  /** What the fixture's TensorFlow checkpoint lacks: its script takes c_attn's biases for the unused buffer `attn.bias`. */
  const lost = ["model/h0/attn/c_attn/b", "model/h1/attn/c_attn/b"];
  let completed: string;
  let expected: Map<string, FixtureTensor>;
  let cases: readonly { readonly greedy_20_tokens: readonly number[] | null }[];
  beforeAll(async () => {
    expected = readTensors(join(fixture!, "expected.safetensors"));
    cases = (JSON.parse(await readFile(join(fixture!, "expected.json"), "utf8")) as { cases: typeof cases })
      .cases;
    completed = await completeCheckpoint();
  });

  /** TensorFlow's own bytes of the 26 variables, and the two lost ones from the same model's safetensors. */
  async function completeCheckpoint(): Promise<string> {
    const target = await mkdtemp(join(folder, "openai-"));
    const theirs = await openCheckpoint(join(fixture!, "openai", "model.ckpt"));
    const others = new Map(
      [...entriesOf(await loadGpt2(join(fixture!, "hf-f32")), "openai")].map((e) => [e.name, e]),
    );
    const variables = [];
    for (const [name, { shape }] of theirs.tensors) {
      variables.push({ name, type: 1, shape, bytes: await theirs.readBytes(name) });
    }
    for (const name of lost.filter((one) => !theirs.tensors.has(one))) {
      const { shape, data } = others.get(name)!;
      variables.push({
        name,
        type: 1,
        shape,
        bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      });
    }
    await theirs.close();
    await writeCheckpoint(join(target, "model.ckpt"), encodeCheckpoint(variables));
    for (const name of ["checkpoint", "hparams.json"]) {
      await copyFile(join(fixture!, "openai", name), join(target, name));
    }
    return target;
  }

  const folderOf = (form: string): string => (form === "openai" ? completed : join(fixture!, form));

  it("reads every variable that the TensorFlow checkpoint has, byte for byte, and names the two it lacks", async () => {
    const error = await loadGpt2(join(fixture!, "openai")).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    // A fixture made again, with its biases, needs no completing.
    if (error !== undefined) {
      expect(error).toMatchObject({ code: "WEIGHTS_MISMATCH" });
      expect(error instanceof WeightsError && error.problems).toEqual(
        lost.map((name, i) => `missing: ${name} [96] for blocks.${i}.attention.qkv.bias`),
      );
    }
    const { params } = await loadGpt2(join(fixture!, "openai"), { missingBiases: "zeros" });
    const whole = await loadGpt2(join(fixture!, "hf-f32"));
    const theirs = new Map(flattenParams(params).map(({ path, value }) => [path, value.data]));
    const differing = flattenParams(whole.params).filter(
      ({ path, value }) => !sameBytes(value.data, theirs.get(path)!),
    );
    expect(differing.map(({ path }) => path)).toEqual(
      error === undefined ? [] : ["blocks.0.attention.qkv.bias", "blocks.1.attention.qkv.bias"],
    );
  });

  it.each(forms)("gives Hugging Face's hidden states, logits and greedy tokens from %s", async (form) => {
    const model = await loadGpt2(folderOf(form));
    expect(model.config).toEqual({ ...gptConfigs.tiny } satisfies GptConfig);
    for (const [k, { greedy_20_tokens: tokens }] of cases.entries()) {
      const ids = named(expected, `case${k}.ids`);
      const { logits, hidden } = compute(model, ids);
      expectClose(logits, named(expected, `case${k}.logits`).data, TOLERANCE, `case ${k} logits`);
      expectClose(hidden, named(expected, `case${k}.hidden2`).data, TOLERANCE, `case ${k} hidden`);
      // All forms hold the same bytes (next test), so one of them generates for all.
      if (form === "openai" && tokens !== null) expect(greedy(model, ids, 20)).toEqual(tokens);
    }
  });

  it.each(["hf-f16", "hf-bf16"])(
    "gives Hugging Face's logits from the rounded weights of %s",
    async (form) => {
      const model = await loadGpt2(join(fixture!, form));
      const { logits } = compute(model, named(expected, "case3.ids"));
      expectClose(logits, named(expected, `case3.logits.${form}`).data, TOLERANCE, "logits");
    },
  );

  it("gives the same bytes from all float32 forms", async () => {
    const digests = await Promise.all(
      forms.map(async (form) => {
        const { config, params } = await loadGpt2(folderOf(form));
        return digestParams(config, params);
      }),
    );
    expect(new Set(digests).size).toBe(1);
  });

  it("ignores the buffers of the hub's form and nothing else", async () => {
    const ignored = await Promise.all(forms.map(async (form) => (await loadGpt2(folderOf(form))).ignored));
    expect(ignored).toEqual([[], [], ["h.0.attn.bias", "h.1.attn.bias"], []]);
  });
});
