/** Fine-tuning of a small random GPT-2 with the real vocabulary, from files to a detector directory, on the compiled engine. */
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GptConfig, gptConfigs } from "@btp/core-gpt";
import { loadDetector } from "@btp/detector";
import { expectClose } from "@btp/test-kit";
import { openSafetensors } from "@btp/weights-gpt2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createConfig } from "./config/config.js";
import type { TrainConfig } from "./config/knobs.js";
import type { TrainEvent } from "./run/progress.js";
import { writeRandomBase } from "./testing/random-base.js";
import { trainDetector } from "./train-detector.js";

const base: GptConfig = { ...gptConfigs.gpt2, contextLength: 32, width: 16, numLayers: 3, numHeads: 2 };

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "btp-fine-tuning-"));
  await writeRandomBase(join(folder, "base"), base);
  writeFileSync(join(folder, "train.csv"), toyCsv(60, 0));
  writeFileSync(join(folder, "validation.csv"), toyCsv(20, 500));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Harmless messages of several lengths, an empty one among them. */
function toyCsv(count: number, from: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const words =
      i === 3
        ? ""
        : "we met at the station and talked"
            .split(" ")
            .slice(0, 1 + ((from + i) % 7))
            .join(" ");
    return `${words}${i === 3 ? "" : ` ${(from + i * 37) % 91}`},${i % 2}`;
  });
  return `Text,Label\n${rows.join("\n")}\n`;
}

async function fineTune(
  name: string,
  values: Partial<TrainConfig> = {},
  stopAfter = Number.POSITIVE_INFINITY,
) {
  const stop = new AbortController();
  const events: TrainEvent[] = [];
  const config = createConfig({
    base: join(folder, "base"),
    train: join(folder, "train.csv"),
    validation: join(folder, "validation.csv"),
    out: join(folder, name),
    logs: join(folder, "logs"),
    cacheDir: join(folder, "features"),
    engine: "jit",
    threads: 1,
    maxLength: 32,
    batchSize: 16,
    epochs: 2,
    dropout: 0,
    learningRate: 1e-2,
    minLearningRate: 1e-3,
    ...values,
  });
  const detector = await trainDetector(config, {
    signal: stop.signal,
    onProgress(event) {
      events.push(event);
      if (event.kind === "step" && event.step === stopAfter) stop.abort();
    },
  });
  return {
    detector,
    computed: events.filter(({ kind }) => kind === "features").length,
    notes: events.flatMap((event) => (event.kind === "note" ? [event.text] : [])),
  };
}

async function weightsOf(path: string): Promise<Map<string, Float32Array>> {
  const file = await openSafetensors(path);
  const found = new Map<string, Float32Array>();
  for (const name of file.tensors.keys()) {
    const { data } = await file.read(name);
    if (data instanceof Float32Array) found.set(name, data);
  }
  await file.close();
  return found;
}

it("trains what was asked for and leaves the rest as it was, bit for bit", async () => {
  const trained: Record<string, (path: string) => boolean> = {
    "0": (path) => path.startsWith("head."),
    "1": (path) => /^head\.|^gpt\.(blocks\.2|finalNorm)\./.test(path),
    "3": (path) => !path.endsWith("Embedding"),
    all: () => true,
  };
  await fineTune("untouched", { unfreezeBlocks: 0, learningRate: 1e-30, minLearningRate: 0 });
  const before = await weightsOf(join(folder, "untouched", "model.safetensors"));
  for (const [unfreeze, isTrained] of Object.entries(trained)) {
    const unfreezeBlocks = unfreeze === "all" ? "all" : Number(unfreeze);
    await fineTune(`unfreeze-${unfreeze}`, { unfreezeBlocks });
    const after = await weightsOf(join(folder, `unfreeze-${unfreeze}`, "model.safetensors"));
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [path, data] of after) {
      const changed = Buffer.compare(Buffer.from(data.buffer), Buffer.from(before.get(path)!.buffer)) !== 0;
      expect(`${path} ${changed}`).toBe(`${path} ${isTrained(path)}`);
    }
  }
}, 240_000);

it("computes the frozen blocks once, and reads them back in later epochs and runs", async () => {
  const cacheDir = join(folder, "once");
  const first = await fineTune("once-1", { cacheDir, epochs: 3 });
  expect(first.computed).toBeGreaterThan(0);
  expect(readdirSync(cacheDir)).toHaveLength(4); // training and validation: data and manifest each
  const second = await fineTune("once-2", { cacheDir, epochs: 3 });
  expect(second.computed).toBe(0);
  expect(second.detector.sha256).toBe(first.detector.sha256);
}, 240_000);

it("computes them again where the cache was truncated, and gives the same weights", async () => {
  const cacheDir = join(folder, "damaged");
  const first = await fineTune("damaged-1", { cacheDir });
  for (const name of readdirSync(cacheDir)) if (name.endsWith(".f16")) truncateSync(join(cacheDir, name), 10);
  const second = await fineTune("damaged-2", { cacheDir });
  expect(second.computed).toBe(first.computed);
  expect(second.detector.sha256).toBe(first.detector.sha256);
}, 240_000);

it("gives the same figures with and without a cache, but for 16-bit rounding", async () => {
  const cached = await fineTune("with-cache");
  const computed = await fineTune("without-cache", { cache: false });
  expect(computed.computed).toBe(0);
  // binary16 keeps 11 bits: features within 5e-4, the loss of a few updates within 1e-3.
  expect(computed.detector.figures.loss).toBeCloseTo(cached.detector.figures.loss, 3);
}, 240_000);

const lora = { loraRank: 2, loraBlocks: 2, loraDropout: 0.1, dropout: 0.1 } as const;

it("merges adapters into plain weights, and computes the blocks below them once", async () => {
  const cacheDir = join(folder, "lora-features");
  await fineTune("lora-untouched", { unfreezeBlocks: 0, learningRate: 1e-30, minLearningRate: 0 });
  const before = await weightsOf(join(folder, "lora-untouched", "model.safetensors"));
  const first = await fineTune("lora", { ...lora, cacheDir });
  expect(first.computed).toBeGreaterThan(0);
  const after = await weightsOf(join(folder, "lora", "model.safetensors"));
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  const changes = /^head\.|^gpt\.finalNorm\.|^gpt\.blocks\.[12]\.(attention|mlp)\.\w+\.weight$/;
  for (const [path, data] of after) {
    const changed = Buffer.compare(Buffer.from(data.buffer), Buffer.from(before.get(path)!.buffer)) !== 0;
    expect(`${path} ${changed}`).toBe(`${path} ${changes.test(path)}`);
  }
  // The run's figures were taken with adapters and 16-bit features; the detector has plain weights alone.
  const detector = await loadDetector(join(folder, "lora"), { engine: "jit", threads: 1 });
  const rows = toyCsv(20, 500)
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split(","))
    .filter(([text]) => text !== ""); // which no run reads
  const found = await detector.detect(rows.map(([text]) => text!));
  await detector.dispose();
  const losses = found.map(({ score }, i) => -Math.log(rows[i]![1] === "1" ? score : 1 - score));
  const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
  expect(loss).toBeCloseTo(first.detector.figures.loss, 3);
  const second = await fineTune("lora-again", { ...lora, cacheDir });
  expect(second.computed).toBe(0);
  expect(second.detector.sha256).toBe(first.detector.sha256);
}, 240_000);

it("goes on with adapters to the bits of the undisturbed run", async () => {
  const whole = await fineTune("lora-whole", lora);
  await expect(fineTune("lora-cut", lora, 3)).rejects.toMatchObject({ code: "INTERRUPTED" });
  await expect(fineTune("lora-cut", { ...lora, resume: true, loraRank: 3 })).rejects.toThrow(
    /loraRank was 2 and is 3/,
  );
  const resumed = await fineTune("lora-cut", { ...lora, resume: true });
  expect(resumed.detector.sha256).toBe(whole.detector.sha256);
}, 240_000);

it("writes a delta that names its base by its digest, and finds it again", async () => {
  const options = { engine: "jit", threads: 1 } as const;
  for (const [kind, values] of Object.entries({ blocks: {}, adapters: lora })) {
    const whole = await fineTune(`${kind}-whole`, values);
    await fineTune(`${kind}-delta`, { ...values, store: "delta" });
    const stored = await weightsOf(join(folder, `${kind}-delta`, "model.safetensors"));
    expect([...stored.keys()].some((path) => path.endsWith("Embedding"))).toBe(false);
    const texts = ["we met at the station 17", "we talked 3", ""];
    const detections = [];
    for (const form of ["whole", "delta"]) {
      const detector = await loadDetector(join(folder, `${kind}-${form}`), options);
      detections.push(await detector.detect(texts));
      await detector.dispose();
    }
    expect(detections[1]).toEqual(detections[0]);
    expect(statSync(join(folder, `${kind}-delta`, "model.safetensors")).size).toBeLessThan(
      statSync(join(whole.detector.directory, "model.safetensors")).size / 20,
    );
  }
  await writeRandomBase(join(folder, "other"), base, 2);
  await fineTune("on-another", { base: join(folder, "other"), store: "delta" });
  await writeRandomBase(join(folder, "other"), base, 3);
  await expect(loadDetector(join(folder, "on-another"), options)).rejects.toMatchObject({
    code: "BASE_MISMATCH",
  });
}, 240_000);

it("reads frozen weights block by block where they take too much memory, and trains the same detector", async () => {
  const forms: Partial<TrainConfig>[] = [{ unfreezeBlocks: 0 }, { unfreezeBlocks: 1 }, lora];
  for (const [k, values] of forms.entries()) {
    const whole = await fineTune(`held-${k}`, { ...values, cacheDir: join(folder, `held-features-${k}`) });
    const cacheDir = join(folder, `streamed-features-${k}`);
    const streamed = await fineTune(`streamed-${k}`, { ...values, cacheDir, trunkMemory: 0 });
    expect(streamed.notes.join(" ")).toContain("read block by block");
    expect(whole.notes.join(" ")).not.toContain("read block by block");
    const [a, b] = [whole, streamed].map(({ detector }) => join(detector.directory, "model.safetensors"));
    const [held, read] = [await weightsOf(a!), await weightsOf(b!)];
    // Features are kept in 16 bits, so a last bit that rounds otherwise may move an update a little.
    for (const [path, data] of held) expectClose(read.get(path)!, data, 2e-4, path);
    expect(streamed.detector.figures.loss).toBeCloseTo(whole.detector.figures.loss, 4);
  }
}, 240_000);

it("drops out in the frozen blocks when asked to, and then keeps nothing", async () => {
  const cacheDir = join(folder, "never");
  const { computed, detector } = await fineTune("trunk-dropout", {
    cacheDir,
    trunkDropout: true,
    dropout: 0.1,
  });
  const again = await fineTune("trunk-dropout-again", { cacheDir, trunkDropout: true, dropout: 0.1 });
  expect(computed).toBe(0);
  expect(again.detector.sha256).toBe(detector.sha256);
  expect(() => readdirSync(cacheDir)).toThrow();
}, 240_000);

it("refuses a base that reads fewer tokens than asked for, and more blocks than there are", async () => {
  await expect(fineTune("long", { maxLength: 64 })).rejects.toMatchObject({ code: "BAD_BASE" });
  await expect(fineTune("deep", { unfreezeBlocks: 4 })).rejects.toThrow(/from 0 to 3/);
}, 240_000);
