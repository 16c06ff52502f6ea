import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import type { HostTensor } from "../host-tensor.js";
import { createRandomSource } from "../random/create-random-source.js";
import { tensorSpec } from "../tensor-spec.js";
import { createEngine } from "./create-engine.js";
import { engineChoiceFromEnvironment } from "./engine-choice.js";

const host = (values: number[], shape: number[] = [values.length]): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

describe.each(["tfjs-cpu", "jit"] as const)("engine %s", (name) => {
  it("runs a function with constants and symbolic sizes, and leaks no tensor", async () => {
    const engine = await createEngine(name);
    const before = tf.memory().numTensors;
    const program = await engine.compile(
      (c: { w: tf.Tensor2D }, x: tf.Tensor2D) => ({ y: tf.matMul(x, c.w), norms: [tf.sum(x, 1)] as const }),
      { w: host([1, 2, 3, 4], [2, 2]) },
      [tensorSpec("float32", ["rows", 2])],
    );
    for (const rows of [1, 3, 2]) {
      const x = host(
        Array.from({ length: rows * 2 }, (_, i) => i + 1),
        [rows, 2],
      );
      const result = await program.run(x);
      expect(result.y.shape).toEqual([rows, 2]);
      expect([...result.y.data].slice(0, 2)).toEqual([7, 10]);
      expect(result.norms[0].shape).toEqual([rows]);
    }
    await program.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await expect(program.run(host([1, 2], [1, 2]))).rejects.toMatchObject({ code: "DISPOSED" });
  });

  it("carries state from step to step, reads a copy of it and takes it back", async () => {
    const engine = await createEngine(name);
    const before = tf.memory().numTensors;
    const program = await engine.compileStep(
      (state: { w: tf.Tensor1D }, _: Record<string, never>, x: tf.Tensor1D) => {
        const { value, grads } = tf.valueAndGrads((w: tf.Tensor) => tf.sum(tf.square(tf.sub(w, x))))([
          state.w,
        ]);
        return { state: { w: tf.sub<tf.Tensor1D>(state.w, tf.mul(grads[0]!, 0.25)) }, result: value };
      },
      { w: host([0, 4]) },
      {},
      [tensorSpec("float32", [2])],
    );
    expect([...(await program.step(host([2, 2]))).data]).toEqual([8]);
    const saved = await program.readState();
    expect([...saved.w.data]).toEqual([1, 3]);
    expect([...(await program.step(host([2, 2]))).data]).toEqual([2]);
    expect([...saved.w.data]).toEqual([1, 3]);
    await program.writeState(saved);
    expect([...(await program.step(host([2, 2]))).data]).toEqual([2]);
    await program.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("draws a new mask at each run, the same from the same seed", async () => {
    const engine = await createEngine(name);
    const masks = async (seed: number): Promise<number[][]> => {
      const random = createRandomSource(seed);
      const program = await engine.compile(
        (_: Record<string, never>, x: tf.Tensor1D) => random.dropout(x, 0.5),
        {},
        [tensorSpec("float32", ["n"])],
        { random },
      );
      const x = host(new Array(64).fill(1));
      const runs = [[...(await program.run(x)).data], [...(await program.run(x)).data]];
      await program.dispose();
      return runs;
    };
    const [first, second] = await masks(1);
    expect(second).not.toEqual(first);
    expect(await masks(1)).toEqual([first, second]);
    expect((await masks(2))[0]).not.toEqual(first);
  });

  it("names the argument that does not fit", async () => {
    const engine = await createEngine(name);
    const program = await engine.compile(
      (_: Record<string, never>, x: { ids: tf.Tensor2D; mask: tf.Tensor2D }) => tf.mul(x.ids, x.mask),
      {},
      [{ ids: tensorSpec("float32", ["batch", 3]), mask: tensorSpec("float32", ["batch", 3]) }],
    );
    await expect(
      program.run({ ids: host([1, 2, 3], [1, 3]), mask: host([1, 2, 3, 4, 5, 6], [2, 3]) }),
    ).rejects.toThrow(/\[0\]\.mask: dimension batch is 2, but 1 in .*\[0\]\.ids/);
    await expect(
      program.run({ ids: host([1, 2, 3], [3]), mask: host([1, 2, 3], [1, 3]) }),
    ).rejects.toMatchObject({ code: "ARGUMENT_MISMATCH" });
    await program.dispose();
  });

  it("refuses a next state of another shape", async () => {
    const engine = await createEngine(name);
    const attempt = async (): Promise<unknown> => {
      const program = await engine.compileStep(
        (state: { w: tf.Tensor }, _: Record<string, never>) => ({
          state: { w: tf.concat([state.w, state.w]) },
          result: tf.sum(state.w),
        }),
        { w: host([1]) },
        {},
        [],
      );
      return program.step();
    };
    await expect(attempt()).rejects.toMatchObject({ code: "RESULT_MISMATCH" });
  });
});

it("reads the choice of engine from the environment and refuses unknown names", () => {
  expect(engineChoiceFromEnvironment({})).toBe("auto");
  expect(engineChoiceFromEnvironment({ BTP_ENGINE: "tfjs-cpu" })).toBe("tfjs-cpu");
  expect(() => engineChoiceFromEnvironment({ BTP_ENGINE: "cuda" })).toThrow(/choose auto, jit/);
});

it("says what to install when an optional engine is absent", async () => {
  await expect(createEngine("tfjs-node-gpu")).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
});
