import { maxDifference } from "@btp/test-kit";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEngine } from "../engine/create-engine.js";
import { createEagerEngine } from "../engine/eager-engine.js";
import type { Engine } from "../engine/engine.js";
import { createJitEngine } from "../engine/jit-engine.js";
import type { Graph } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import { stateFromSeed } from "../random/xoshiro.js";
import { type CaseArgument, KERNEL_CASES, type KernelCase } from "./kernel.cases.js";

/** Compared with tfjs-cpu: float32 in another order, relative to the largest value. */
const TOLERANCE = 1e-5;

/** Kernels that leave no operator behind, or only as part of a constant. */
const WITHOUT_NODES = new Set(["Identity"]);

const SIZES = [
  { n: 2, m: 3 },
  { n: 5, m: 1 },
];

/** Engines that run the table; the last two only where their package is installed (tools/link-tfjs-node.mjs). */
const CANDIDATES = ["jit", "tfjs-node", "tfjs-node-gpu"] as const;

describe.each(CANDIDATES)("every supported kernel gives on %s what it gives on tfjs-cpu", (name) => {
  const graphs: Graph[] = [];
  let candidate: Engine | undefined;
  let eager: Engine;
  let absent = "";
  beforeAll(async () => {
    eager = createEagerEngine("tfjs-cpu", "cpu");
    try {
      candidate =
        name === "jit"
          ? createJitEngine({ threads: 1, onGraph: (graph) => graphs.push(graph), passes: () => false })
          : await createEngine(name);
    } catch (error) {
      absent = error instanceof Error ? error.message : String(error);
    }
  });
  afterAll(() => Promise.all([candidate?.dispose(), eager.dispose()]));

  beforeEach(({ skip }) => {
    if (candidate === undefined) skip(absent);
  });

  for (const [kernel, cases] of Object.entries(KERNEL_CASES)) {
    it.for(cases.map((one, index) => ({ one, index })))(
      `${kernel} $index`,
      async ({ one, index }, { skip }) => {
        if (name !== "jit" && one.notOnNode !== undefined) skip(one.notOnNode);
        const fn = (_: Record<string, never>, ...args: tf.Tensor[]): tf.Tensor[] => withGradients(one, args);
        const specs = one.args.map(({ spec }) => spec);
        graphs.length = 0;
        const compiled = await candidate!.compile(fn, {}, specs);
        const reference = await eager.compile(fn, {}, specs);
        if (name === "jit" && !WITHOUT_NODES.has(kernel)) {
          const sources = new Set(graphs.flatMap((graph) => graph.nodes.map(({ source }) => source)));
          expect(sources).toContain(kernel);
        }
        for (const sizes of SIZES) {
          const values = one.args.map((argument, k) => draw(argument, sizes, index * 10 + k));
          const got = await compiled.run(...values);
          const expected = await reference.run(...values);
          expect(got.length).toBe(expected.length);
          got.forEach((tensor, k) => {
            const wanted = expected[k]!;
            expect({ dtype: tensor.dtype, shape: tensor.shape }).toEqual({
              dtype: wanted.dtype,
              shape: wanted.shape,
            });
            const { relative } = maxDifference(tensor.data, wanted.data);
            expect(
              relative,
              `result ${k}: ${[...tensor.data]} against ${[...wanted.data]}`,
            ).toBeLessThanOrEqual(tensor.dtype === "float32" ? TOLERANCE : 0);
          });
        }
        await Promise.all([compiled.dispose(), reference.dispose()]);
      },
    );
  }
});

/** The results, and the gradient of a weighted sum of them by every float32 argument. */
function withGradients(one: KernelCase, args: tf.Tensor[]): tf.Tensor[] {
  const list = (x: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(x) ? x : [x]);
  if (one.gradient !== true) return list(one.run(...args));
  const floats = args.filter(({ dtype }) => dtype === "float32");
  const { value, grads } = tf.valueAndGrads((...inputs: tf.Tensor[]) => {
    const all = args.map((arg) => (arg.dtype === "float32" ? inputs.shift()! : arg));
    const sums = list(one.run(...all)).map((y, i) => tf.sum(tf.mul(y, tf.add(tf.square(y), i + 1))));
    return tf.addN(sums) as tf.Scalar;
  })(floats);
  return [...list(one.run(...args)), value, ...grads];
}

function draw({ spec, range }: CaseArgument, sizes: Record<string, number>, seed: number): HostTensor {
  const shape = spec.shape.map((d) => (typeof d === "string" ? sizes[d]! : d));
  const length = shape.reduce((a, b) => a * b, 1);
  const [low, high] = range;
  let [x] = stateFromSeed(seed);
  const next = (): number => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  const values = Array.from({ length }, () =>
    spec.dtype === "float32" ? low + (high - low) * next() : low + Math.floor((high - low + 1) * next()),
  );
  const data =
    spec.dtype === "float32"
      ? Float32Array.from(values)
      : spec.dtype === "int32"
        ? Int32Array.from(values)
        : Uint8Array.from(values);
  return { dtype: spec.dtype, shape, data };
}
