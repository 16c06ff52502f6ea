import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GptConfig } from "@btp/core-gpt";
import { flattenParams, initialiseClassifier } from "@btp/core-gpt";
import { expectClose } from "@btp/test-kit";
import { createEngine, createRandomSource, type HostTensor } from "@btp/tfjs-jit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createConfig } from "../config/config.js";
import type { TrainConfig } from "../config/knobs.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { type FlatParams, selectTrainedPart } from "../step/trained-part.js";
import { readCheckpoint } from "./checkpoint.js";
import { tokenSource } from "./message-source.js";
import { openRunLog } from "./run-log.js";
import { runTraining, type TrainLoopInput } from "./train-loop.js";

const model: GptConfig = {
  vocabSize: 11,
  contextLength: 6,
  width: 8,
  numLayers: 1,
  numHeads: 2,
  layerNormEpsilon: 1e-5,
};

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-loop-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Messages of 1 to 6 tokens; a message is positive where it begins with an odd id, which one block can learn. */
function toyMessages(count: number): EncodedMessages {
  const rows = Array.from({ length: count }, (_, i) =>
    Array.from({ length: 1 + ((i * 5) % 6) }, (_, t) => 1 + ((i * 7 + t * 3) % 10)),
  );
  const offsets = new Int32Array(count + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + row.length;
  });
  const targets = Float32Array.from(rows, (row) => row[0]! % 2);
  return { ids: Int32Array.from(rows.flat()), offsets, targets, truncated: 0 };
}

async function run(values: Partial<TrainConfig>, changes: Partial<TrainLoopInput> = {}) {
  const config = createConfig({
    epochs: 2,
    batchSize: 8,
    engine: "tfjs-cpu",
    dropout: 0,
    headDropout: 0,
    tokenDropout: 0,
    positionShift: 0,
    labelSmoothing: 0,
    averageWeights: 0,
    epsilon: 1e-8,
    weightDecay: 0.1,
    languageModelWeight: 0,
    patience: 0,
    warmUp: 0,
    learningRate: 0.01,
    minLearningRate: 0.001,
    ...values,
  });
  const messages = toyMessages(24);
  const params: FlatParams<HostTensor> = Object.fromEntries(
    flattenParams(initialiseClassifier(model, { seed: 3 })).map(({ path, value }) => [path, value]),
  );
  const source = tokenSource(messages, {
    tokenDropout: config.tokenDropout,
    replacement: 0,
    positionShift: 0,
    contextLength: model.contextLength,
  });
  const engine = await createEngine("tfjs-cpu");
  const log = await openRunLog({ folder, name: "toy", keepBytes: 0, now: () => 0 });
  try {
    return await runTraining({
      config,
      model,
      part: selectTrainedPart(model, "all"),
      fixed: {},
      engine,
      initial: params,
      random: createRandomSource(1),
      train: source,
      validation: source,
      identity: { config: {}, trainData: "", validationData: "", startWeights: "", engine: engine.name },
      resumeFrom: undefined,
      checkpointFolder: join(folder, "checkpoint"),
      log,
      onProgress: () => undefined,
      signal: undefined,
      now: () => 0,
      ...changes,
    });
  } finally {
    await log.close();
    await engine.dispose();
  }
}

const logged = (event: string): Record<string, unknown>[] =>
  readFileSync(join(folder, "toy.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((entry) => entry.event === event);

it("learns a small set by heart", async () => {
  const result = await run({ epochs: 25 });
  expect(result.evaluations.at(-1)?.accuracy).toBe(1);
  expect(result.evaluations.at(-1)?.loss).toBeLessThan(0.1);
}, 120_000);

it("gives the weights of the big batch when it is computed in uneven micro-batches", async () => {
  const whole = await run({ epochs: 1 });
  const parts = await run({ epochs: 1, accumulate: 3 });
  expect(parts.steps).toBe(whole.steps);
  for (const [path, { data }] of Object.entries(whole.parameters)) {
    // Sums in another order, then three updates of 0.01 whose direction is gradient / sqrt(its square).
    // The key bias has no true gradient (it shifts all scores of a query alike), so its updates are rounding.
    if (!path.endsWith("qkv.bias")) expectClose(parts.parameters[path]!.data, data, 2e-4, path);
  }
  const [first] = logged("step");
  expect(first).toMatchObject({ step: 1 });
}, 120_000);

it("computes an update in parts where it would take more memory than it may, and says so", async () => {
  const whole = await run({ epochs: 1 });
  const notes: string[] = [];
  const parts = await run(
    { epochs: 1, stepMemory: 1e-5 },
    { onProgress: (event) => event.kind === "note" && notes.push(event.text) },
  );
  expect(notes).toEqual([expect.stringMatching(/in parts, to stay within 0.00001 GB \(--step-memory\)/)]);
  expect(parts.steps).toBe(whole.steps);
  for (const [path, { data }] of Object.entries(whole.parameters))
    if (!path.endsWith("qkv.bias")) expectClose(parts.parameters[path]!.data, data, 2e-4, path); // as above
}, 120_000);

it("stops when patience runs out and keeps the best weights, not the last", async () => {
  const result = await run({ epochs: 50, patience: 2, learningRate: 1e-9, minLearningRate: 0 });
  // Accuracy stays with such a rate: two evaluations after the first use patience up. Of equal ones the lowest loss is kept.
  expect(result.stoppedEarly).toBe(true);
  expect(new Set(result.evaluations.map(({ accuracy }) => accuracy)).size).toBe(1);
  const [best] = result.evaluations.toSorted((a, b) => a.loss - b.loss);
  expect(result.bestStep).toBe(best?.step);
  expect(result.steps).toBe(9);
}, 120_000);

it("stops at a loss that is not finite and says which checkpoint is left", async () => {
  const poisoned = run(
    { epochs: 4, checkpointSeconds: 0, learningRate: 10, minLearningRate: 10, clip: 1e30 },
    poison(5),
  );
  await expect(poisoned).rejects.toMatchObject({ code: "DIVERGED" });
  await expect(poisoned).rejects.toThrow(/of update 4, is kept/);
  expect((await readCheckpoint(join(folder, "checkpoint")))?.position.step).toBe(4);
}, 120_000);

/** A source whose n-th training batch has a weight of NaN in its mask: what a broken input would do. */
function poison(atBatch: number): Partial<TrainLoopInput> {
  const source = tokenSource(toyMessages(24), {
    tokenDropout: 0,
    replacement: 0,
    positionShift: 0,
    contextLength: model.contextLength,
  });
  let reads = 0;
  return {
    train: {
      messages: source.messages,
      read: async (batch, seed) => {
        const input = await source.read(batch, seed);
        if (++reads === atBatch) (input.mask.data as Float32Array)[0] = Number.NaN;
        return input;
      },
    },
  };
}

it("saves and stops after the update in progress when it is told to", async () => {
  const stop = new AbortController();
  const stopped = run(
    {},
    {
      signal: stop.signal,
      onProgress: (event) => {
        if (event.kind === "step" && event.step === 2) stop.abort();
      },
    },
  );
  await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect((await readCheckpoint(join(folder, "checkpoint")))?.position).toMatchObject({
    step: 2,
    batch: 2,
    epoch: 0,
  });
}, 120_000);

it("keeps a moving average whose weights are evaluated in place of the last ones", async () => {
  const last = await run({ epochs: 1 });
  const averaged = await run({ epochs: 1, averageWeights: 0.9 });
  expect(averaged.parameters["head.weight"]?.data).not.toEqual(last.parameters["head.weight"]?.data);
}, 120_000);
