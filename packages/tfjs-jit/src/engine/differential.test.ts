import { maxDifference } from "@btp/test-kit";
import "@tensorflow/tfjs";
import type * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  adamW,
  type BlockSizes,
  classifierLoss,
  classifierShapes,
  dropWith,
  lossAndGradients,
  type Parameters,
  type TrainingState,
} from "../cases/transformer-block.js";
import type { Graph } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import { createRandomSource } from "../random/create-random-source.js";
import { tensorSpec } from "../tensor-spec.js";
import { createEagerEngine } from "./eager-engine.js";
import type { Engine } from "./engine.js";
import { createJitEngine } from "./jit-engine.js";

/** Both sides compute in float32 in another order; of the largest value of each tensor. */
const TOLERANCE = 1e-5;

const V = 50;
const P = 24;
const SIZES: readonly BlockSizes[] = [
  { width: 16, heads: 2 },
  { width: 24, heads: 4 },
];
/** [batch, tokens], among them the smallest, odd ones, and one as long as the position table. */
const BATCHES = [
  [3, 7],
  [1, 1],
  [5, 19],
  [8, 4],
  [2, P],
] as const;

/** Numbers from a sine: reproducible, without two equal neighbours. */
const wave = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => Math.sin(seed * 7.3 + i * 1.37) * Math.cos(i * 0.21 + seed));

const float = (shape: number[], values: number[]): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

function parametersFor(sizes: BlockSizes): Parameters<HostTensor> {
  return Object.fromEntries(
    Object.entries(classifierShapes(sizes, V, P)).map(([name, shape], seed) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const offset = name.endsWith("Gain") ? 1 : 0;
      return [
        name,
        float(
          shape,
          wave(size, seed).map((x) => x * 0.3 + offset),
        ),
      ];
    }),
  );
}

/** Messages of several lengths in one batch; the last of more than two is empty. Tokens repeat. */
function batchOf(B: number, T: number) {
  const lengths = Array.from({ length: B }, (_, b) => (B > 2 && b === B - 1 ? 0 : 1 + ((b * 5) % T)));
  const cells = Array.from({ length: B * T }, (_, i) => ({ b: Math.floor(i / T), t: i % T }));
  return [
    { dtype: "int32", shape: [B, T], data: Int32Array.from(cells, ({ b, t }) => (b * 7 + t * t) % V) },
    { dtype: "int32", shape: [T], data: Int32Array.from({ length: T }, (_, i) => i) },
    float(
      [B, T],
      cells.map(({ b, t }) => (t < lengths[b]! ? 1 : 0)),
    ),
    float(
      [B, 2],
      Array.from({ length: B * 2 }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0)),
    ),
  ] as const satisfies HostTensor[];
}

const BATCH_SPECS = [
  tensorSpec("int32", ["batch", "tokens"]),
  tensorSpec("int32", ["tokens"]),
  tensorSpec("float32", ["batch", "tokens"]),
  tensorSpec("float32", ["batch", 2]),
] as const;

function expectEqual(got: Parameters<HostTensor>, expected: Parameters<HostTensor>, where: string): void {
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(got)) {
    expect(tensor.shape, `${where}: shape of ${name}`).toEqual(expected[name]!.shape);
    const { relative } = maxDifference(tensor.data, expected[name]!.data);
    expect(relative, `${where}: ${name}`).toBeLessThanOrEqual(TOLERANCE);
  }
}

async function bothEngines<R>(
  run: (engine: Engine) => Promise<R>,
): Promise<{ got: R; expected: R; graphs: Graph[] }> {
  const graphs: Graph[] = [];
  const jit = createJitEngine({ threads: 2, onGraph: (graph) => graphs.push(graph) });
  const eager = createEagerEngine("tfjs-cpu", "cpu");
  const got = await run(jit);
  const expected = await run(eager);
  await Promise.all([jit.dispose(), eager.dispose()]);
  return { got, expected, graphs };
}

type Batch = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

describe("a transformer, compiled against eager TensorFlow.js", () => {
  it.each(SIZES)("gives the same loss and every gradient, one program for all batches: %o", async (sizes) => {
    const parameters = parametersFor(sizes);
    const { got, expected, graphs } = await bothEngines(async (engine) => {
      const program = await engine.compile(
        (_: Record<string, never>, p: Parameters<tf.Tensor>, ...batch: Batch) =>
          lossAndGradients(p, (q) => classifierLoss(q, ...batch, sizes)),
        {},
        [parameters, ...BATCH_SPECS],
      );
      const results: { loss: HostTensor; gradients: Parameters<HostTensor> }[] = [];
      for (const [B, T] of BATCHES) results.push(await program.run(parameters, ...batchOf(B, T)));
      return results;
    });
    expect(graphs.length, "programs that were compiled").toBe(1);
    expect(graphs[0]!.nodes.filter(({ op }) => op === "MatMul" || op === "Gemm").length).toBeGreaterThan(15);
    got.forEach((result, i) => {
      const where = `batch ${BATCHES[i]}`;
      expectEqual(
        { loss: result.loss, ...result.gradients },
        { loss: expected[i]!.loss, ...expected[i]!.gradients },
        where,
      );
    });
  });

  it("takes the same AdamW steps with dropout, from the same seed", async () => {
    const sizes = SIZES[0]!;
    const parameters = parametersFor(sizes);
    const zeros = Object.fromEntries(
      Object.entries(parameters).map(([name, { shape, data }]) => [
        name,
        float([...shape], new Array(data.length).fill(0)),
      ]),
    );
    const { got, expected, graphs } = await bothEngines(async (engine) => {
      const random = createRandomSource(5);
      const drop = dropWith(random, 0.1);
      const program = await engine.compileStep(
        (
          state: TrainingState<tf.Tensor>,
          _: Record<string, never>,
          t: tf.Tensor,
          rate: tf.Tensor,
          ...batch: Batch
        ) => {
          const { loss, gradients } = lossAndGradients(state.parameters, (p) =>
            classifierLoss(p, ...batch, sizes, drop),
          );
          return { state: adamW(state, gradients, rate, t), result: loss };
        },
        { parameters, first: zeros, second: zeros },
        {},
        [tensorSpec("float32", []), tensorSpec("float32", []), ...BATCH_SPECS],
        { random },
      );
      const losses: number[] = [];
      for (const [step, [B, T]] of BATCHES.slice(0, 3).entries()) {
        const loss = await program.step(float([], [step + 1]), float([], [1e-3]), ...batchOf(B, T));
        losses.push(loss.data[0]!);
      }
      return { losses, state: await program.readState(), random: random.getState() };
    });
    expect(graphs[0]!.inputs.filter(({ role }) => role === "mask").length).toBe(4);
    expect(got.random).toEqual(expected.random);
    for (const [i, loss] of got.losses.entries()) {
      expect(Math.abs(loss / expected.losses[i]! - 1)).toBeLessThan(TOLERANCE);
    }
    // A first step of Adam divides a gradient by its own size: where that is rounding noise, its sign is too. Those
    // elements move by at most the rate; everything else agrees.
    for (const name of Object.keys(parameters)) {
      const { relative } = maxDifference(
        got.state.parameters[name]!.data,
        expected.state.parameters[name]!.data,
      );
      expect(relative, `parameter ${name}`).toBeLessThanOrEqual(name === "qkvBias" ? 6e-3 : 5e-5);
      const moments = maxDifference(got.state.first[name]!.data, expected.state.first[name]!.data);
      expect(moments.relative, `first moment of ${name}`).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it("gives the same bits at every run, duplicate tokens and two threads included", async () => {
    const sizes = { width: 64, heads: 2 };
    const parameters = parametersFor(sizes);
    const engine = createJitEngine({ threads: 2 });
    const program = await engine.compile(
      (_: Record<string, never>, p: Parameters<tf.Tensor>, ...batch: Batch) =>
        lossAndGradients(p, (q) => classifierLoss(q, ...batch, sizes)).gradients,
      {},
      [parameters, ...BATCH_SPECS],
    );
    // 16 x 24 tokens of a vocabulary of 50: every row of the embedding's gradient is a sum over about 8 places.
    const first = await program.run(parameters, ...batchOf(16, P));
    for (let run = 0; run < 50; run++) {
      const again = await program.run(parameters, ...batchOf(16, P));
      for (const [name, { data }] of Object.entries(again)) {
        expect(Buffer.compare(bytesOf(data), bytesOf(first[name]!.data)), `run ${run}: ${name}`).toBe(0);
      }
    }
    await engine.dispose();
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: HostTensor["data"]): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
