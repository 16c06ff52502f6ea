/** A detector with a table of hashed tokens and pairs: on disk, on both engines, exported. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, createTokenizer } from "@btp/core-gpt";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readArtifact } from "./artifact/read.js";
import { writeArtifact } from "./artifact/write.js";
import { exportDetector } from "./export/export-detector.js";
import { loadDetector } from "./load.js";
import { padRows } from "./network.js";
import { installedRuntimes } from "./testing/onnx-runtimes.js";
import { tinyArchitecture, tinyArtifact } from "./testing/tiny-detector.js";

const texts = ["you are so kind", "so you are kind", "kind", "", "you you you, and all of you and yours"];
const buckets = 4096;
const plain = tinyArtifact();
const random = createRandom(5);
const artifact = tinyArtifact({
  architecture: { ...tinyArchitecture, bigramBuckets: buckets },
  params: {
    ...plain.params,
    bigrams: {
      dtype: "float32",
      shape: [buckets, 2],
      data: Float32Array.from({ length: buckets * 2 }, () => random() - 0.5),
    },
  },
});

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-bigrams-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function scoresOf(dir: string, engine: "tfjs-cpu" | "jit", precision?: "int8"): Promise<number[]> {
  const detector = await loadDetector(dir, { engine, ...(precision && { precision }) });
  const decisions = await detector.detect(texts);
  await detector.dispose();
  return decisions.map(({ score }) => score);
}

it("is stored, computes the same on both engines and knows the order of words", async () => {
  await writeArtifact(join(folder, "with"), artifact, { precision: "float32" });
  await writeArtifact(join(folder, "without"), plain, { precision: "float32" });
  const back = await readArtifact(join(folder, "with"));
  expect(back.architecture.bigramBuckets).toBe(buckets);
  expect(back.params.bigrams?.data).toEqual(artifact.params.bigrams?.data);
  const eager = await scoresOf(join(folder, "with"), "tfjs-cpu");
  const compiled = await scoresOf(join(folder, "with"), "jit");
  const without = await scoresOf(join(folder, "without"), "jit");
  eager.forEach((score, i) => {
    expect(compiled[i]).toBeCloseTo(score, 5);
  });
  expect(Math.abs(eager[0]! - eager[1]!)).toBeGreaterThan(0.01);
  texts.forEach((text, i) => {
    if (text !== "") expect(Math.abs(eager[i]! - without[i]!)).toBeGreaterThan(0.01);
  });
});

it.each(["float16", "bfloat16", "int8"] as const)("is stored in %s", async (precision) => {
  await writeArtifact(join(folder, precision), artifact, { precision });
  const [exact, stored] = [artifact, await readArtifact(join(folder, precision))].map(
    ({ params }) => params.bigrams?.data ?? [],
  );
  const largest = Math.max(...Array.from(exact ?? [], (value, i) => Math.abs(value - (stored?.[i] ?? NaN))));
  expect(largest).toBeLessThan(0.005);
});

it("keeps its scores in int8", async () => {
  await writeArtifact(join(folder, "whole"), artifact, { precision: "float32" });
  const whole = await scoresOf(join(folder, "whole"), "jit");
  const rounded = await scoresOf(join(folder, "whole"), "jit", "int8");
  rounded.forEach((score, i) => {
    expect(Math.abs(score - whole[i]!)).toBeLessThan(0.02);
  });
});

it("runs in stock ONNX runtimes", async () => {
  await writeArtifact(join(folder, "source"), artifact, { precision: "float32" });
  const path = join(folder, "detector.onnx");
  await exportDetector(join(folder, "source"), path);
  const wanted = await scoresOf(join(folder, "source"), "tfjs-cpu");
  const tokenizer = await createTokenizer();
  const rows = texts.slice(0, 3).map((text) => Int32Array.from(tokenizer.encode(text).ids));
  const { ids, mask } = padRows(rows);
  const model = await readFile(path);
  for (const runtime of await installedRuntimes()) {
    const shape = [ids.shape[0]!, ids.shape[1]!] as const;
    const { score } = await runtime.run(model, ids.data as Int32Array, mask.data as Float32Array, shape);
    rows.forEach((_, i) => {
      expect(score?.[i], runtime.name).toBeCloseTo(wanted[i]!, 5);
    });
  }
});
