/** Detectors in int8: with the outliers of GPT-2 planted in random weights, next to float32. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flattenParams, type GptConfig, initialiseClassifier } from "@btp/core-gpt";
import { createEngine, type Engine } from "@btp/tfjs-jit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeArtifact } from "./artifact/write.js";
import { scoreError } from "./calibration.js";
import { type LoadOptions, loadDetector } from "./load.js";
import { tinyArtifact } from "./testing/tiny-detector.js";

const architecture: GptConfig = {
  vocabSize: 50257,
  contextLength: 64,
  width: 64,
  numLayers: 2,
  numHeads: 4,
  layerNormEpsilon: 1e-5,
};

/** Channels 20 times the rest behind LayerNorm, a first position 200 times the rest, a head that tells messages apart. */
function outlierParams() {
  const params = initialiseClassifier(architecture, { seed: 3 });
  for (const { path, value } of flattenParams(params)) {
    if (path.endsWith("Norm.gain") && path.includes("blocks"))
      for (const channel of [3, 40]) value.data[channel]! *= 20;
    if (path === "gpt.positionEmbedding") for (let d = 0; d < 64; d++) value.data[d]! *= 200;
    if (path === "head.weight") for (let i = 0; i < value.data.length; i++) value.data[i]! *= 10;
  }
  return params;
}

const texts = [
  "you are so stupid",
  "see you at nine, bring the book",
  "",
  "nobody likes you and nobody ever will, go away and never come back to this place",
  "ok",
];

let folder = "";
let engine: Engine;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "btp-detector-int8-"));
  engine = await createEngine("jit", { threads: 1 });
  await writeArtifact(join(folder, "outliers"), tinyArtifact({ architecture, params: outlierParams() }));
  const broken = outlierParams();
  broken.gpt.blocks[0]!.mlp.expand.bias.data[0] = Number.NaN;
  await writeArtifact(join(folder, "broken"), tinyArtifact({ architecture, params: broken }));
});
afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function load(name: string, options: LoadOptions = {}) {
  const notes: string[] = [];
  const onNote = (text: string): void => void notes.push(text);
  return { detector: await loadDetector(join(folder, name), { engine, onNote, ...options }), notes };
}

describe("a detector in int8", () => {
  it("gives float32's scores to within 0.02, and says that it is int8", async () => {
    const exact = await load("outliers");
    const int8 = await load("outliers", { precision: "int8" });
    expect(exact.detector.info.precision).toBe("fp32");
    expect(int8.detector.info.precision).toBe("int8");
    expect(int8.notes).toHaveLength(1);
    expect(int8.notes[0]).toMatch(/Computing [1-8] of 8 matrices in int8; scores differ by up to 0\.\d+/);
    const [a, b] = [await exact.detector.detect(texts), await int8.detector.detect(texts)];
    a.forEach(({ score }, i) => {
      expect(Math.abs(score - b[i]!.score)).toBeLessThan(0.02);
    });
    // The scores are not all the same: what stays within 0.02 is not nothing.
    expect(
      Math.max(...a.map(({ score }) => score)) - Math.min(...a.map(({ score }) => score)),
    ).toBeGreaterThan(0.02);
    // Computed otherwise: an int8 path that did not run would give the same bits.
    expect(b.map(({ score }) => score)).not.toEqual(a.map(({ score }) => score));
  });

  it("gives a message the same score whatever else is in the list", async () => {
    const { detector } = await load("outliers", { precision: "int8" });
    const together = await detector.detect(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = await detector.detect([text]);
      expect(Math.abs(alone!.score - together[i]!.score)).toBeLessThan(1e-5);
    }
  });

  it("computes in float32, with a warning, where no error can be measured", async () => {
    const { detector, notes } = await load("broken", { precision: "int8" });
    expect(detector.info.precision).toBe("fp32");
    expect(notes[0]).toMatch(/^Warning: computing in float32/);
    await expect(detector.detect(["hello"])).rejects.toMatchObject({ code: "OUTPUT_NOT_FINITE" });
  });

  it("computes in float32 on engines without int8, and says so", async () => {
    const { detector, notes } = await load("outliers", { precision: "int8", engine: "tfjs-cpu" });
    expect(detector.info.precision).toBe("fp32");
    expect(notes[0]).toContain("tfjs-cpu");
    await detector.dispose();
  });
});

it("measures errors as differences of scores, not of logits", () => {
  const logits = (data: number[]) => ({
    dtype: "float32" as const,
    shape: [1, 2],
    data: Float32Array.from(data),
  });
  expect(scoreError([logits([0, 0])], [logits([0, 2])], 2)).toBeCloseTo(1 / (1 + Math.exp(-1)) - 0.5, 6);
  expect(scoreError([logits([0, 900])], [logits([0, 1000])], 1)).toBeLessThan(1e-12);
  expect(scoreError([logits([0, Number.NaN])], [logits([0, 0])], 1)).toBeNaN();
});
