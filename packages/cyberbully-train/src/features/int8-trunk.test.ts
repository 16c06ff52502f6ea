/** The frozen blocks in int8 beside float32, with the outliers of GPT-2 planted in random weights. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flattenParams, type GptConfig, gptConfigs, initialiseClassifier } from "@btp/core-gpt";
import {
  createEngine,
  createRandomSource,
  type Engine,
  type HostTensor,
  type Int8Report,
} from "@btp/tfjs-jit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createConfig } from "../config/config.js";
import { type BatchInput, layOutTokens } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { type FlatParams, selectTrainedPart } from "../step/trained-part.js";
import { writeRandomBase } from "../testing/random-base.js";
import { trainDetector } from "../train-detector.js";
import { calibrationBatches, describeInt8, featureError } from "./calibration.js";
import { featureKey } from "./feature-source.js";
import { compileTrunk } from "./trunk.js";

const config: GptConfig = {
  ...gptConfigs.gpt2,
  vocabSize: 400,
  contextLength: 32,
  width: 128,
  numLayers: 3,
  numHeads: 4,
};
const part = selectTrainedPart(config, 1);

/** Channels 20 times the rest behind every LayerNorm, and a first position 200 times the rest. */
function outlierParams(): FlatParams<HostTensor> {
  const flat = flattenParams(initialiseClassifier(config, { seed: 5 }));
  for (const { path, value } of flat) {
    if (path.endsWith("Norm.gain")) for (const channel of [3, 60, 101]) value.data[channel]! *= 20;
    if (path === "gpt.positionEmbedding") for (let d = 0; d < config.width; d++) value.data[d]! *= 200;
  }
  return Object.fromEntries(flat.map(({ path, value }) => [path, value]));
}

/** Messages of 0 to 22 tokens. */
function messagesOf(count: number, seed: number): EncodedMessages {
  const lengths = Array.from({ length: count }, (_, i) => (i * 7) % 23);
  const offsets = Int32Array.from({ length: count + 1 }, (_, i) =>
    lengths.slice(0, i).reduce((a, b) => a + b, 0),
  );
  const ids = Int32Array.from({ length: offsets[count]! }, (_, i) => (seed + i * 131) % config.vocabSize);
  return { ids, offsets, targets: new Float32Array(count), truncated: 0 };
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine("jit", { threads: 1 });
});
afterAll(() => engine.dispose());

async function compile(params: FlatParams<HostTensor>, calibration: readonly BatchInput<HostTensor>[] = []) {
  let report: Int8Report | undefined;
  const onReport = (made: Int8Report): void => {
    report = made;
  };
  const options = { dropout: 0, random: createRandomSource(1), int8: { calibration, onReport } };
  const trunk = await compileTrunk(engine, config, part, params, options);
  return { trunk, report };
}

describe("the trunk in int8", () => {
  const seen = messagesOf(24, 1);
  const unseen = messagesOf(40, 77);

  it("gives features within 2 % of float32 on messages it was not calibrated on", async () => {
    const params = outlierParams();
    const exact = await compile(params);
    const int8 = await compile(params, calibrationBatches(seen));
    expect(exact.report).toBeUndefined();
    expect(int8.report?.precision).toBe("int8");
    expect(int8.report?.matrices.filter(({ form }) => form !== "float32").length).toBeGreaterThan(0);
    expect(int8.report?.matrices).toHaveLength(4 * part.firstBlock);
    for (let i = 1; i < 40; i += 3) {
      const batch = layOutTokens(unseen, [i]);
      expect(featureError([await exact.trunk.run(batch)], [await int8.trunk.run(batch)])).toBeLessThan(0.02);
    }
  });

  it("does not let a message's features depend on what else is in its batch", async () => {
    const { trunk } = await compile(outlierParams(), calibrationBatches(seen));
    const alone = await trunk.run(layOutTokens(unseen, [2]));
    const together = await trunk.run(layOutTokens(unseen, [2, 3, 9, 22]));
    const same = { ...alone, data: together.data.slice(0, alone.data.length) };
    // The integers are the same bits; float32 parts are added up in another order.
    expect(featureError([alone], [same])).toBeLessThan(1e-5);
    expect((await trunk.run(layOutTokens(unseen, [2]))).data).toEqual(alone.data);
  });

  it("is float32, with a warning, where int8 is not good enough", async () => {
    const params = outlierParams();
    // No error can be measured where the features are not numbers.
    params["gpt.blocks.0.mlp.expand.bias"]!.data[0] = Number.NaN;
    const { report } = await compile(params, calibrationBatches(seen));
    expect(report?.precision).toBe("float32");
    expect(describeInt8(report!, 8)).toMatch(/^Warning: .*float32.*2\.00 %/);
  });

  it("keeps its features apart from those in float32, and from another calibration's", () => {
    const [a, b] = [calibrationBatches(seen), calibrationBatches(unseen)];
    expect(
      new Set([featureKey("w", part, seen), featureKey("w", part, seen, a), featureKey("w", part, seen, b)])
        .size,
    ).toBe(3);
  });
});

it("calibrates on messages of every length but empty ones", () => {
  const lengths = calibrationBatches(messagesOf(24, 1)).map(({ input }) => input.shape[1]);
  expect(lengths).toEqual([2, 5, 7, 10, 13, 16, 18, 21]);
  expect(calibrationBatches(messagesOf(1, 1))).toEqual([]);
});

it("counts every token the same, so that a huge first one does not hide the others", () => {
  const tensor = (data: number[]): HostTensor => ({
    dtype: "float32",
    shape: [1, 2, 2],
    data: Float32Array.from(data),
  });
  expect(featureError([tensor([1000, 0, 1, 0])], [tensor([1000, 0, 0, 0])])).toBeCloseTo(Math.SQRT1_2, 6);
});

describe("a run with --trunk-precision int8", () => {
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "btp-int8-trunk-"));
    await writeRandomBase(join(folder, "base"), { ...config, vocabSize: 50257 });
    const rows = Array.from({ length: 30 }, (_, i) => `see you at the station at ${i},${i % 2}`);
    writeFileSync(join(folder, "messages.csv"), `Text,Label\n${rows.join("\n")}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (out: string, trunkPrecision: "fp32" | "int8") => {
    const notes: string[] = [];
    const trained = await trainDetector(
      createConfig({
        base: join(folder, "base"),
        train: join(folder, "messages.csv"),
        validation: join(folder, "messages.csv"),
        out: join(folder, out),
        logs: join(folder, "logs"),
        cacheDir: join(folder, "features"),
        engine: "jit",
        threads: 1,
        maxLength: 32,
        epochs: 1,
        dropout: 0,
        trunkPrecision,
      }),
      { onProgress: (event) => void (event.kind === "note" && notes.push(event.text)) },
    );
    return { trained, notes };
  };

  it("says what was computed how, and ends near the run in float32", async () => {
    const int8 = await run("int8", "int8");
    const exact = await run("fp32", "fp32");
    expect(int8.notes.join("\n")).toMatch(
      /Frozen blocks in int8: \d+ of 8 matrices.*Features differ from float32 by [01]\.\d+ %/,
    );
    expect(exact.notes.join("\n")).not.toContain("in int8");
    // Features within 2 %: the loss of a barely trained head moves far less.
    expect(int8.trained.figures.loss).toBeCloseTo(exact.trained.figures.loss, 2);
  }, 240_000);

  it("is refused where nothing is frozen, and with dropout in the frozen blocks", () => {
    expect(() => createConfig({ base: "gpt2", trunkPrecision: "int8", unfreezeBlocks: "all" })).toThrow(
      /fp32/,
    );
    expect(() => createConfig({ base: "gpt2", trunkPrecision: "int8", trunkDropout: true })).toThrow(/fp32/);
  });
});
