import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import type { JitErrorCode } from "./errors.js";
import { jit } from "./jit.js";
import { createRandomSource } from "./random/create-random-source.js";
import { type TensorSpec, tensorSpec } from "./tensor-spec.js";

beforeEach(() => tf.setBackend("cpu"));

interface Refusal {
  readonly what: string;
  readonly fn: (x: tf.Tensor) => unknown;
  readonly spec?: TensorSpec;
  readonly code: JitErrorCode;
  readonly message: RegExp;
}

const refusals: Refusal[] = [
  {
    what: "a value read with dataSync",
    fn: (x) => (tf.sum(x).dataSync()[0]! > 0 ? x : tf.neg(x)),
    code: "READ_WHILE_RECORDING",
    message: /result of Sum.*tf\.where instead of if/,
  },
  {
    what: "an argument read with arraySync",
    fn: (x) => tf.tensor(x.arraySync()),
    code: "READ_WHILE_RECORDING",
    message: /value of an argument/,
  },
  {
    what: "a kernel without a rule",
    fn: (x) => tf.unique(tf.reshape(x, [-1]) as tf.Tensor1D).values,
    code: "UNSUPPORTED_KERNEL",
    message: /kernel Unique.*README/,
  },
  {
    what: "an attribute without a rule",
    fn: (x) => tf.cast(x, "complex64"),
    code: "UNSUPPORTED_KERNEL",
    message: /Cast cannot be compiled with a cast to complex64; use float32/,
  },
  {
    what: "random numbers that would be frozen",
    fn: (x) => tf.add(x, tf.randomUniform(x.shape)),
    spec: tensorSpec("float32", [4]),
    code: "SYMBOLIC_DIMENSION",
    message: /random.*RandomSource/,
  },
  {
    what: "a loop over a symbolic size",
    fn: (x) => tf.addN(tf.unstack(x)),
    code: "SYMBOLIC_DIMENSION",
    message: /may not depend on a symbolic size|attribute/,
  },
  {
    what: "a constant of a symbolic size made in JavaScript",
    fn: (x) => tf.mul(x, tf.tensor1d(Array.from({ length: x.shape[0]! }, (_, i) => i))),
    code: "SYMBOLIC_DIMENSION",
    message: /tf\.range/,
  },
  {
    what: "a number computed from a symbolic size in another way than by products",
    fn: (x) => tf.mul(x, Math.log(x.shape[0]!)),
    code: "SYMBOLIC_DIMENSION",
    message: /depends on a symbolic size/,
  },
  { what: "a promise", fn: async (x) => x, code: "INVALID_FUNCTION", message: /ordinary function/ },
  {
    what: "a result that is no tensor",
    fn: () => ({ a: 1 }),
    code: "RESULT_MISMATCH",
    message: /a must be a tensor/,
  },
  {
    what: "a gradient through an op that has none",
    fn: (x) => tf.grad((y) => tf.cast(tf.less(y, 0), "float32"))(x),
    code: "GRADIENT_NOT_REGISTERED",
    message: /through Less/,
  },
];

describe("what cannot be compiled is refused, and the backend is put back", () => {
  it.each(refusals)("$what: $code", async ({ fn, spec, code, message }) => {
    const f = jit(fn as (x: tf.Tensor) => tf.Tensor, { args: [spec ?? tensorSpec("float32", ["n"])] });
    const before = tf.memory().numTensors;
    const x = tf.ones([4]);
    const error: unknown = await f(x).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect(String(error)).toMatch(message);
    x.dispose();
    expect(tf.getBackend()).toBe("cpu");
    expect(tf.memory().numTensors).toBe(before);
  });

  it("refuses to record inside a recording", async () => {
    const inner = jit((x: tf.Tensor) => tf.neg(x));
    let error: unknown;
    const outer = jit((x: tf.Tensor) => {
      inner(x).catch((e: unknown) => {
        error = e;
      });
      return x;
    });
    await outer(tf.ones([2]));
    await inner.dispose();
    expect(error).toMatchObject({ code: "READ_WHILE_RECORDING" });
  });

  it("says that a placeholder was kept and used after its recording", async () => {
    let kept: tf.Tensor | undefined;
    const f = jit((x: tf.Tensor) => {
      kept = tf.keep(tf.neg(x));
      return kept;
    });
    await f(tf.ones([2]));
    expect(() => tf.neg(kept!)).toThrow(/reads the value of/);
  });
});

it("error messages hold no values of tensors", async () => {
  const f = jit((x: tf.Tensor) => tf.tensor(x.arraySync()));
  const canary = 31337.25;
  const error: unknown = await f(tf.tensor1d([canary])).catch((e: unknown) => e);
  expect(String(error)).not.toContain("31337");
  createRandomSource(1);
});
