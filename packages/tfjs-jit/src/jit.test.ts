import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { jit } from "./jit.js";
import { createRandomSource } from "./random/create-random-source.js";
import { tensorSpec } from "./tensor-spec.js";

beforeEach(() => tf.setBackend("cpu"));

describe("jit", () => {
  it("takes and gives tensors in nested objects and arrays", async () => {
    const f = jit((p: { w: tf.Tensor2D; parts: tf.Tensor1D[] }, x: tf.Tensor2D) => ({
      y: tf.matMul(x, p.w),
      sums: p.parts.map((part) => tf.sum(part)),
    }));
    const p = {
      w: tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      parts: [tf.tensor1d([1, 2]), tf.tensor1d([3])],
    };
    const result = await f(p, tf.tensor2d([[1, 1]]));
    expectTypeOf(result.sums).toEqualTypeOf<tf.Tensor[]>();
    expect(result.y.arraySync()).toEqual([[4, 6]]);
    expect(result.sums.map((s) => s.arraySync())).toEqual([3, 3]);
    await f.dispose();
    await expect(f(p, tf.tensor2d([[1, 1]]))).rejects.toMatchObject({ code: "DISPOSED" });
  });

  it("differentiates: tf.grads inside, Adam's update around it", async () => {
    const step = jit((w: tf.Tensor1D, x: tf.Tensor2D, y: tf.Tensor1D) => {
      const { value, grads } = tf.valueAndGrads(
        (q: tf.Tensor) => tf.mean(tf.squaredDifference(tf.sum(tf.mul(x, q), 1), y)) as tf.Scalar,
      )([w]);
      return { loss: value, w: tf.sub(w, tf.mul(grads[0]!, 0.1)) as tf.Tensor1D };
    });
    const x = tf.tensor2d([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
    const y = tf.tensor1d([2, -1, 1]);
    let w = tf.tensor1d([0, 0]);
    let loss = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 60; i++) {
      const next = await step(w, x, y);
      const value = next.loss.dataSync()[0]!;
      expect(value).toBeLessThan(loss);
      [loss, w] = [value, next.w];
    }
    expect(w.dataSync()[0]).toBeCloseTo(2, 1);
    expect(w.dataSync()[1]).toBeCloseTo(-1, 1);
    await step.dispose();
  });

  it("records once for each set of shapes, or once for all with symbolic ones", async () => {
    let calls = 0;
    const body = (x: tf.Tensor2D): tf.Tensor => {
      calls++;
      return tf.mean(x, 1);
    };
    const plain = jit(body, { maxPrograms: 2 });
    for (const rows of [1, 2, 1, 2]) (await plain(tf.ones([rows, 3]))).dispose();
    expect(calls).toBe(4); // two recordings, two calls each
    await plain(tf.ones([3, 3]));
    await plain(tf.ones([1, 3])); // was dropped for [3, 3]
    expect(calls).toBe(8);
    const symbolic = jit(body, { args: [tensorSpec("float32", ["rows", 3])] });
    for (const rows of [1, 2, 7]) expect((await symbolic(tf.ones([rows, 3]))).shape).toEqual([rows]);
    expect(calls).toBe(10);
    await expect(symbolic(tf.ones([2, 4]))).rejects.toMatchObject({ code: "ARGUMENT_MISMATCH" });
    await Promise.all([plain.dispose(), symbolic.dispose()]);
  });

  it("keeps tensors that the function captures as constants, and leaves them to their owner", async () => {
    const scale = tf.tensor1d([2, 3]);
    const f = jit((x: tf.Tensor1D) => tf.mul(x, scale));
    expect((await f(tf.tensor1d([1, 1]))).arraySync()).toEqual([2, 3]);
    expect(scale.arraySync()).toEqual([2, 3]);
    expect(tf.getBackend()).toBe("cpu");
    await f.dispose();
  });

  it("runs overlapping calls in order", async () => {
    const random = createRandomSource(3);
    const f = jit((x: tf.Tensor1D) => random.dropout(x, 0.5));
    const x = tf.ones<tf.Rank.R1>([32]);
    const overlapped = await Promise.all([f(x), f(x), f(x)]);
    random.setState(createRandomSource(3).getState());
    const sequential = [await f(x), await f(x), await f(x)];
    expect(overlapped.map((t) => t.arraySync())).toEqual(sequential.map((t) => t.arraySync()));
    await f.dispose();
  });

  it("leaks nothing over 10,000 calls", async () => {
    const f = jit((x: tf.Tensor1D, p: { w: tf.Tensor1D }) => [tf.add(tf.mul(x, p.w), 1), tf.sum(x)], {
      args: [tensorSpec("float32", ["n"]), { w: tensorSpec("float32", ["n"]) }],
    });
    const x = tf.ones<tf.Rank.R1>([256]);
    const call = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) tf.dispose(await f(x, { w: x }));
    };
    await call(2000); // pools of the runtime fill up, the heap settles
    const [tensors, memory] = [tf.memory().numTensors, process.memoryUsage().rss];
    await call(10_000);
    expect(tf.memory().numTensors).toBe(tensors);
    // 10,000 results of 1 KB kept would be 10 MB each, with their tensors some 40; the collector's own swing is below.
    expect(process.memoryUsage().rss - memory).toBeLessThan(30e6);
    await f.dispose();
  });
});
