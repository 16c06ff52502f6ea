import { type GptConfig, type HostTensor, initialiseParameter, layOutPadding } from "@btp/core-gpt";
import { expectClose } from "@btp/test-kit";
import { createEngine, createRandomSource, type EngineName } from "@btp/tfjs-jit";
import { expect, it } from "vitest";
import { scalarTensor } from "../step/step-program.js";
import type { DistillBatch } from "./distill-batch.js";
import { compilePhase, selectPhasePart, vectorMapTable } from "./distill-step.js";
import { type Losses, type Phase, parseRecipe } from "./recipe.js";

const model: GptConfig = {
  vocabSize: 13,
  contextLength: 4,
  width: 8,
  numLayers: 1,
  numHeads: 2,
  layerNormEpsilon: 1e-5,
};
const vectorWidth = 3;

function phaseWith(losses: Partial<Losses>, dropout = 0): Phase {
  const [phase] = parseRecipe({
    name: "tiny",
    model: { numLayers: 1, width: 8, numHeads: 2, contextLength: 4 },
    sources: { own: { file: "a.csv", scores: "s", vectors: "v" } },
    phases: [
      {
        name: "p",
        mixture: [{ source: "own" }],
        losses,
        epochs: 1,
        learningRate: 0.01,
        dropout,
        averageWeights: 0.9,
      },
      { name: "q", mixture: [{ source: "own" }], losses: { hard: 1 }, epochs: 1, learningRate: 0.01 },
    ],
    validation: { sets: { v: { file: "c.csv" } }, calibrateOn: "v" },
  }).phases;
  return phase!;
}

const float = (shape: number[], values: readonly number[]): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

/** Two texts of 4 and 2 tokens; the second has neither label nor score, the first no vector. */
const batch: DistillBatch<HostTensor> = {
  input: { dtype: "int32", shape: [2, 4], data: Int32Array.of(1, 5, 2, 12, 7, 3, 0, 0) },
  positions: { dtype: "int32", shape: [4], data: Int32Array.of(0, 1, 2, 3) },
  mask: float([2, 4], [1, 1, 1, 1, 1, 1, 0, 0]),
  ...layOutPadding([4, 2], 4),
  targets: float([2, 2], [0, 1, 0.5, 0.5]),
  weights: float([2], [1, 0]),
  nextIds: { dtype: "int32", shape: [2, 4], data: Int32Array.of(5, 2, 12, 0, 3, 0, 0, 0) },
  nextMask: float([2, 4], [1, 1, 1, 0, 1, 0, 0, 0]),
  softTargets: float([2, 2], [0.3, 0.7, 0, 0]),
  softWeights: float([2], [1, 0]),
  vectors: float([2, vectorWidth], [0, 0, 0, 1, -1, 0.5]),
  vectorWeights: float([2], [0, 1]),
};

async function runUpdates(engineName: EngineName, phase: Phase) {
  const engine = await createEngine(engineName);
  const part = selectPhasePart(model, phase, vectorWidth);
  const params = Object.fromEntries(part.trained.map((entry) => [entry.path, initialiseParameter(entry, 3)]));
  const random = createRandomSource(5);
  const program = await compilePhase({ engine, model, phase, part, vectorWidth, params, random });
  const losses: Record<string, number>[] = [];
  for (let update = 0; update < 3; update++) {
    const { losses: found } = await program.step(batch, {
      stepSize: scalarTensor(0.01),
      secondMomentScale: scalarTensor(1),
      shrink: scalarTensor(0.999),
      averageMemory: scalarTensor(0.5),
      inverseCount: scalarTensor(1 / 2),
      inverseTokens: scalarTensor(1 / 4),
    });
    losses.push(Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data[0]!])));
  }
  const state = await program.readState();
  await program.dispose();
  await engine.dispose();
  return { losses, parameters: state.parameters, average: state.average, params };
}

const everything = { hard: 0.3, soft: 0.7, vectors: 0.5, languageModel: 0.2 };

it("gives the same losses and weights compiled and eager, with dropout", async () => {
  const phase = phaseWith(everything, 0.2);
  const eager = await runUpdates("tfjs-cpu", phase);
  const compiled = await runUpdates("jit", phase);
  eager.losses.forEach((losses, update) => {
    for (const [name, loss] of Object.entries(losses))
      expect(compiled.losses[update]![name], `${name} at ${update}`).toBeCloseTo(loss, 4); // float32, other orders of summing
  });
  // AdamW's first steps have the size of the learning rate whatever the gradient's: rounding shows where it is nearly 0.
  for (const [path, { data }] of Object.entries(eager.parameters))
    expectClose(compiled.parameters[path]!.data as Float32Array, data as Float32Array, 2e-3);
}, 120_000);

it("lowers every loss that it has, and leaves alone what no loss reaches", async () => {
  const all = await runUpdates("tfjs-cpu", phaseWith(everything));
  for (const name of Object.keys(everything))
    expect(all.losses[2]![name]).toBeLessThan(all.losses[0]![name]!);
  const part = (losses: Partial<Losses>) =>
    selectPhasePart(model, phaseWith(losses), vectorWidth).trained.map(({ path }) => path);
  expect(part({ vectors: 1 }).some((path) => path.startsWith("head."))).toBe(false);
  expect(part({ soft: 1 }).some((path) => path.startsWith("vectorMap."))).toBe(false);
  expect(part({ languageModel: 1 }).every((path) => path.startsWith("gpt."))).toBe(true);
  expect(part(everything)).toEqual(expect.arrayContaining(vectorMapTable(8, 3).map(({ path }) => path)));
}, 120_000);

it("starts with the losses of weights that say nothing: log 2 for a decision, log V for a token", async () => {
  const { losses } = await runUpdates("tfjs-cpu", phaseWith(everything));
  // Weights start near zero (deviation 0.02), so the figures are a few percent off; a mean over two texts, one left out.
  expect(losses[0]!.hard).toBeCloseTo(Math.log(2) / 2, 1);
  expect(losses[0]!.soft).toBeCloseTo(Math.log(2) / 2, 1);
  expect(losses[0]!.languageModel).toBeCloseTo(Math.log(13), 1);
}, 120_000);
