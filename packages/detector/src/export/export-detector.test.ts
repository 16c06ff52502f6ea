import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokenizer, type GptConfig, initialiseClassifier, singleByteIds } from "@btp/core-gpt";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DetectorArtifact } from "../artifact/read.js";
import { writeArtifact } from "../artifact/write.js";
import { DetectorError } from "../errors.js";
import { loadDetector } from "../load.js";
import { padRows } from "../network.js";
import { installedRuntimes, type OnnxRuntime } from "../testing/onnx-runtimes.js";
import { tinyArtifact } from "../testing/tiny-detector.js";
import { tokenizerOf } from "../tokenizer.js";
import { exportDetector } from "./export-detector.js";
import { readOnnxInfo } from "./read-metadata.js";

/** Wide enough for int8, whose smallest matrix has 4,096 numbers. */
const wide: GptConfig = {
  vocabSize: 256,
  contextLength: 24,
  width: 64,
  numLayers: 2,
  numHeads: 4,
  layerNormEpsilon: 1e-5,
};
const texts = [
  "You are so stupid!",
  "",
  "Thank you",
  "Ünïcödé 😀 &amp; a message longer than the model reads to its end",
];

let dir: string;
let runtimes: OnnxRuntime[];
let bytes: Uint8Array;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "btp-export-"));
  runtimes = await installedRuntimes();
  await writeArtifact(join(dir, "whole"), loud(tinyArtifact({ temperature: 1.7, threshold: 0.3 })));
  await writeArtifact(join(dir, "wide"), {
    ...loud(tinyArtifact({ architecture: wide, params: initialiseClassifier(wide, { seed: 3 }) })),
    keptTokenIds: Int32Array.from(singleByteIds(await createTokenizer())),
    normalise: true,
  });
  await exportDetector(join(dir, "whole"), join(dir, "whole.onnx"));
  bytes = await readFile(join(dir, "whole.onnx"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A head that makes much of what differs between messages. */
function loud(artifact: DetectorArtifact): DetectorArtifact {
  const { data } = artifact.params.head.weight;
  for (const i of data.keys()) data[i] = data[i]! * 30;
  return artifact;
}

/** Largest difference between the scores of an exported model and those of the detector itself. */
async function largestDifference(name: string, file: string, runtime: OnnxRuntime): Promise<number> {
  const detector = await loadDetector(join(dir, name), { engine: "jit" });
  const wanted = await detector.detect(texts);
  await detector.dispose();
  const model = await readFile(join(dir, file));
  const info = readOnnxInfo(model);
  const tokenizer = await tokenizerOf(info);
  const rows = texts.map((text) =>
    Int32Array.from(tokenizer.encode(text, { maxTokens: info.maxLength }).ids),
  );
  const { ids, mask } = padRows(rows);
  const shape = [ids.shape[0]!, ids.shape[1]!] as const;
  const { score } = await runtime.run(model, Int32Array.from(ids.data), Float32Array.from(mask.data), shape);
  // Empty messages are answered by a rule outside the model: see docs/export.md.
  const judged = wanted.flatMap((detection, i) => (detection.tokens > 0 ? [{ detection, i }] : []));
  expect(judged).toHaveLength(texts.length - 1);
  return Math.max(...judged.map(({ detection, i }) => Math.abs(detection.score - score![i]!)));
}

describe("exportDetector", () => {
  it("writes a model whose scores are the detector's, in every runtime that is installed", async () => {
    for (const runtime of runtimes) {
      // float32 rounding, through another order of sums
      expect(await largestDifference("whole", "whole.onnx", runtime), runtime.name).toBeLessThan(1e-5);
    }
  });

  it("keeps the kept tokens and the normalisation of a small vocabulary", async () => {
    await exportDetector(join(dir, "wide"), join(dir, "wide.onnx"));
    const info = readOnnxInfo(await readFile(join(dir, "wide.onnx")));
    expect(info).toMatchObject({ normalise: true, vocabSize: 256, keptTokenIds: { length: 256 } });
    for (const runtime of runtimes)
      expect(await largestDifference("wide", "wide.onnx", runtime), runtime.name).toBeLessThan(1e-5);
  });

  it("quantises to int8, measured on messages that are given", async () => {
    const float = await exportDetector(join(dir, "wide"), join(dir, "wide.onnx"));
    const small = await exportDetector(join(dir, "wide"), join(dir, "wide-int8.onnx"), {
      precision: "int8",
      calibration: texts,
    });
    expect(small.int8).toMatchObject({ precision: "int8", weightBits: 7 });
    expect(small.int8?.matrices.filter(({ form }) => form !== "float32").length).toBeGreaterThan(0);
    expect(small.bytes).toBeLessThan(0.45 * float.bytes);
    for (const runtime of runtimes) {
      const difference = await largestDifference("wide", "wide-int8.onnx", runtime);
      // int8 rounds each factor to 1 part in 127; the loud head makes 0.02 of it. Not 0: then nothing was quantised.
      expect(difference, runtime.name).toBeGreaterThan(1e-6);
      expect(difference, runtime.name).toBeLessThan(0.05);
    }
  });

  it("refuses calibration messages where nothing is calibrated", async () => {
    await expect(
      exportDetector(join(dir, "whole"), join(dir, "no.onnx"), { calibration: texts }),
    ).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });
});

describe("readOnnxInfo", () => {
  it("says all that is needed to run the model", () => {
    expect(readOnnxInfo(bytes)).toEqual({
      name: "whole",
      labels: ["not cyberbullying", "cyberbullying"],
      threshold: 0.3,
      temperature: 1.7,
      maxLength: 16,
      vocabSize: 50257,
      normalise: false,
      sourceSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      precision: "fp32",
    });
  });

  it("refuses what is no model, or not one of ours, with a code", async () => {
    const other = await readFile(new URL("../../package.json", import.meta.url));
    expect(() => readOnnxInfo(other)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => readOnnxInfo(bytes.subarray(0, bytes.length - 3))).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    void fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        try {
          readOnnxInfo(random);
        } catch (error) {
          if (!(error instanceof DetectorError)) throw error;
        }
      }),
    );
  });

  it("refuses a later format and says what to do", () => {
    const text = Buffer.from(bytes).toString("latin1");
    const later = Buffer.from(text.replace("btp.format\x12\x011", "btp.format\x12\x012"), "latin1");
    expect(() => readOnnxInfo(later)).toThrow(
      expect.objectContaining({ code: "FORMAT_VERSION_UNSUPPORTED" }),
    );
  });
});
