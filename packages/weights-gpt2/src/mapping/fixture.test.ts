/** The same model in every form that the owners of the formats write, against what Hugging Face's code computes from it. */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flattenParams, type GptConfig, gptConfigs } from "@btp/core-gpt";
import { expectClose, type FixtureTensor, readTensors, sharedFolder } from "@btp/test-kit";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../checkpoint/read.js";
import { WeightsError } from "../errors.js";
import { encodeCheckpoint, writeCheckpoint } from "../testing/checkpoint-writer.js";
import { compute, entriesOf, greedy, named, sameBytes, TOLERANCE } from "../testing/compute.js";
import { digestParams, loadGpt2 } from "./load.js";

let folder: string;
beforeAll(async () => {
  await tf.setBackend("cpu");
  folder = await mkdtemp(join(tmpdir(), "btp-fixture-"));
});
afterAll(() => rm(folder, { recursive: true }));

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
