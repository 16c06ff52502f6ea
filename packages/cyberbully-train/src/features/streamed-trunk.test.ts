import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flattenParams, type GptConfig, gptConfigs } from "@btp/core-gpt";
import { expectClose } from "@btp/test-kit";
import { createEngine, createRandomSource, type Engine } from "@btp/tfjs-jit";
import { digestParams, digestReader, loadGpt2, openGpt2 } from "@btp/weights-gpt2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { layOutTokens } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { selectTrainedPart } from "../step/trained-part.js";
import { writeRandomBase } from "../testing/random-base.js";
import { computeFeatures, rowsOf } from "./feature-source.js";
import { compileStreamedTrunk } from "./streamed-trunk.js";
import { compileTrunk } from "./trunk.js";

const config: GptConfig = { ...gptConfigs.tiny, vocabSize: 50, contextLength: 16, width: 24, numLayers: 5 };
const messages: EncodedMessages = {
  ids: Int32Array.from({ length: 40 }, (_, i) => (i * 17) % 50),
  offsets: Int32Array.of(0, 3, 3, 10, 12, 24, 40),
  targets: new Float32Array(6),
  truncated: 0,
};

let folder = "";
let engine: Engine;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "btp-streamed-"));
  await writeRandomBase(folder, config);
  engine = await createEngine("jit", { threads: 1 });
});
afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it.each([0, 1, 3, 5])("computes what the whole trunk computes, with %i blocks above it", async (above) => {
  const part = selectTrainedPart(config, above);
  const { params } = await loadGpt2(folder);
  const flat = Object.fromEntries(flattenParams(params).map(({ path, value }) => [`gpt.${path}`, value]));
  const whole = await compileTrunk(engine, config, part, flat, { dropout: 0, random: createRandomSource(1) });
  const streamed = await compileStreamedTrunk(engine, config, part, await openGpt2(folder));
  try {
    const batches = [[0, 3], [2], [4]].map((batch) => layOutTokens(messages, batch));
    const parts: number[] = [];
    const found = await streamed.group!.run(batches, (done) => parts.push(done));
    expect(parts).toHaveLength(3 * (5 - above + 1));
    expect(parts.at(-1)).toBe(1);
    for (const [i, batch] of batches.entries()) {
      const expected = await whole.run(batch);
      expect(found[i]!.shape).toEqual(expected.shape);
      // float32 sums, fused differently in a graph of one block and of all
      expectClose(found[i]!.data, expected.data, 1e-5);
      expectClose((await streamed.run(batch)).data, found[i]!.data, 1e-6);
    }
  } finally {
    await Promise.all([whole.dispose(), streamed.dispose()]);
  }
});

it("gives every message its own features, whatever the groups that they are computed in", async () => {
  const part = selectTrainedPart(config, 1);
  const rows = rowsOf(messages, part);
  const streamed = await compileStreamedTrunk(engine, config, part, await openGpt2(folder));
  const featuresOf = async (key: string, tokens: number) => {
    const group = { tokens, run: streamed.group!.run };
    const target = { folder: join(folder, "features"), key, width: config.width };
    const reader = await computeFeatures(
      { ...streamed, group },
      messages,
      rows,
      target,
      () => undefined,
      undefined,
    );
    const found = new Float32Array(messages.ids.length * config.width);
    for (let i = 0; i < messages.targets.length; i++)
      await reader.read(i, found.subarray(rows.offsets[i]! * config.width));
    await reader.close();
    return found;
  };
  try {
    const alone = await featuresOf("alone", 1);
    expect(await featuresOf("together", 1e9)).toEqual(alone);
    expect(alone.every((value) => Number.isFinite(value)) && alone.some((value) => value !== 0)).toBe(true);
  } finally {
    await streamed.dispose();
  }
});

it("stops between two batches when it is told to, and closes nothing that is not its own", async () => {
  const streamed = await compileStreamedTrunk(
    engine,
    config,
    selectTrainedPart(config, 1),
    await openGpt2(folder),
  );
  const stop = () => {
    throw new Error("stop");
  };
  await expect(streamed.group!.run([layOutTokens(messages, [0])], stop)).rejects.toThrow("stop");
  expect((await streamed.run(layOutTokens(messages, [0]))).shape).toEqual([1, 3, config.width]);
  await streamed.dispose();
});

it("names a model that is read by the digest of one that is held", async () => {
  const reader = await openGpt2(folder);
  const { params } = await loadGpt2(folder);
  const seen: string[] = [];
  expect(await digestReader(reader, (path) => seen.push(path))).toBe(digestParams(config, params));
  expect(seen).toEqual(flattenParams(params).map(({ path }) => path));
  await reader.close();
});
