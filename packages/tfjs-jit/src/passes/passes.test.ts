import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createJitEngine } from "../engine/jit-engine.js";
import { JitError } from "../errors.js";
import { checkGraph } from "../graph/check.js";
import type { Graph } from "../graph/graph.js";
import { printGraph } from "../graph/print.js";
import type { HostTensor } from "../host-tensor.js";
import { type TensorSpec, tensorSpec } from "../tensor-spec.js";
import { PASSES } from "./index.js";

/** The graph of a function, after the passes that `use` lets through. */
async function graphOf(
  fn: (...args: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
  specs: TensorSpec[],
  use: (pass: string) => boolean = () => true,
): Promise<Graph> {
  let graph: Graph | undefined;
  const engine = createJitEngine({ threads: 1, passes: use, onGraph: (g) => (graph = g) });
  await engine.compile((_: Record<string, never>, ...args: tf.Tensor[]) => fn(...args), {}, specs);
  await engine.dispose();
  return graph!;
}

const x = tensorSpec("float32", ["rows", 4]);

describe("graphs", () => {
  it("print the same text for the same function, with symbolic sizes", async () => {
    const meanGradient = (v: tf.Tensor) => tf.grad((y) => tf.mean(tf.square(y)))(v);
    expect(printGraph(await graphOf(meanGradient, [x], () => false))).toMatchInlineSnapshot(`
      "input $arguments[0]: float32[rows, 4] (argument)
      %0: float32[rows, 4] = Mul($arguments[0], $arguments[0])
      %1: float32[] = ReduceMean(%0) {axes: [0, 1]}
      %2: float32[] = Constant() {1}
      %3: float32[1, 1] = Reshape(%2) {shape: [1, 1]}
      %4: float32[] = Constant() {1}
      %5: float32[rows, 4] = Expand(%4) {shape: [rows, 4]}
      %6: float32[rows, 4] = Mul(%3, %5)
      %7: float32[] = Size() {extent: rows, power: 1, factor: 4, dtype: float32}
      %8: float32[rows, 4] = Div(%6, %7)
      %9: float32[] = Constant() {2}
      %10: float32[rows, 4] = Mul($arguments[0], %9)
      %11: float32[rows, 4] = Mul(%8, %10)
      return %11"
    `);
    expect(printGraph(await graphOf(meanGradient, [x]))).toMatchInlineSnapshot(`
      "input $arguments[0]: float32[rows, 4] (argument)
      %0: float32[] = Constant() {1}
      %1: float32[] = Size() {extent: rows, power: 1, factor: 4, dtype: float32}
      %2: float32[] = Div(%0, %1)
      %3: float32[] = Constant() {2}
      %4: float32[] = Mul(%2, %3)
      %5: float32[rows, 4] = Mul($arguments[0], %4)
      return %5"
    `);
  });

  it("have LayerNorm and GELU as one operator each in a forward pass, a bias in the product, a scale in alpha", async () => {
    const layer = (v: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, w: tf.Tensor): tf.Tensor => {
      const centred = tf.sub(v, tf.mean(v, -1, true));
      const deviation = tf.sqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5));
      const normal = tf.add(tf.mul(tf.div(centred, deviation), gain), bias);
      const h = tf.add(tf.mul(tf.matMul(normal, w), 0.25), bias);
      const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(h, tf.mul(0.044715, tf.pow(h, 3))));
      return tf.mul(tf.mul(0.5, h), tf.add(1, tf.tanh(inner)));
    };
    const vector = tensorSpec("float32", [4]);
    const text = printGraph(await graphOf(layer, [x, vector, vector, tensorSpec("float32", [4, 4])]));
    expect(text).toMatchInlineSnapshot(`
      "input $arguments[0]: float32[rows, 4] (argument)
      input $arguments[1]: float32[4] (argument)
      input $arguments[2]: float32[4] (argument)
      input $arguments[3]: float32[4, 4] (argument)
      %0: float32[rows, 4], %1: float32[rows, 1], %2: float32[rows, 1] = LayerNorm($arguments[0], $arguments[1], $arguments[2]) {epsilon: 0.000009999999747378752}
      %3: float32[rows, 4] = Gemm(%0, $arguments[3], $arguments[2]) {alpha: 0.25}
      %4: float32[rows, 4] = FastGelu(%3)
      return %4"
    `);
  });

  it("that a pass breaks are refused by the check, naming the pass", async () => {
    const graph = await graphOf((v) => tf.neg(tf.exp(v)), [x]);
    const broken = { ...graph, nodes: graph.nodes.toReversed() };
    expect(() => checkGraph(broken, "pass upside-down")).toThrow(
      /after pass upside-down: .* before it is made/,
    );
    const wrongShape = {
      ...graph,
      nodes: graph.nodes.map((node) => ({
        ...node,
        outputs: node.outputs.map((value) => ({ ...value, shape: [3] })),
      })),
    };
    expect(() => checkGraph(wrongShape as Graph, "pass shrink")).toThrow(JitError);
  });

  it.each([...new Set(PASSES.map(({ name }) => name))])(
    "give the same numbers without pass %s",
    async (left) => {
      const fn = (v: tf.Tensor): tf.Tensor[] => {
        const loss = (y: tf.Tensor): tf.Scalar =>
          tf.mean(tf.mul(tf.softmax(tf.mul(tf.neg(y), 2)), tf.tanh(y)));
        return [loss(v), tf.grad(loss)(v), tf.sum(tf.square(v))];
      };
      const input: HostTensor = {
        dtype: "float32",
        shape: [3, 4],
        data: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      };
      const results = await Promise.all(
        [() => true, (name: string) => name !== left].map(async (passes) => {
          const engine = createJitEngine({ threads: 1, passes });
          const program = await engine.compile((_: Record<string, never>, v: tf.Tensor) => fn(v), {}, [x]);
          const values = (await program.run(input)).flatMap(({ data }) => [...data]);
          await engine.dispose();
          return values;
        }),
      );
      results[0]!.forEach((value, i) => {
        // Rounding of sums of a dozen numbers of order 1.
        expect(Math.abs(value - results[1]![i]!)).toBeLessThan(1e-6);
      });
    },
  );
});

describe("a step over large state", () => {
  it("is worked out in pieces with the same bits, and exchanges its buffers correctly", async () => {
    const size = 300_001; // not a multiple of a piece
    const initial = {
      dtype: "float32",
      shape: [size],
      data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
    } as const;
    const small = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) } as const;
    const run = async (passes: (name: string) => boolean) => {
      let graph: Graph | undefined;
      const engine = createJitEngine({ threads: 2, passes, onGraph: (g) => (graph = g) });
      const program = await engine.compileStep(
        (state: { w: tf.Tensor; m: tf.Tensor; s: tf.Tensor }, _: Record<string, never>, rate: tf.Tensor) => {
          const g = tf.sin(state.w);
          const m = tf.add(tf.mul(state.m, 0.9), tf.mul(g, 0.1));
          const w = tf.sub(state.w, tf.mul(m, rate));
          return {
            state: { w, m, s: tf.add(state.s, rate) },
            result: tf.sum(tf.square(g)),
          };
        },
        { w: initial, m: { ...initial, data: new Float32Array(size) }, s: small },
        {},
        [tensorSpec("float32", [])],
      );
      const results: number[] = [];
      for (const rate of [0.5, 0.25, 0.125]) {
        const norm = await program.step({
          dtype: "float32",
          shape: [],
          data: Float32Array.of(rate),
        });
        results.push(norm.data[0]!);
      }
      const state = await program.readState();
      await engine.dispose();
      return { state, results, pieces: graph!.inputs.filter(({ path }) => path.includes(":")).length };
    };
    const pieces = await run(() => true);
    const whole = await run((name) => name !== "chunk-updates");
    expect(whole.pieces).toBe(0);
    expect(pieces.pieces).toBeGreaterThan(4);
    expect(pieces.results).toEqual(whole.results);
    for (const name of ["w", "m", "s"] as const)
      expect(pieces.state[name].data).toEqual(whole.state[name].data);
    expect([...pieces.state.s.data]).toEqual([1.875, 2.875, 3.875]);
  });
});
