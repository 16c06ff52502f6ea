import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { balancedClassWeights, crossEntropy, nextTokenLoss } from "../loss.js";
import { adamWScalars, adamWUpdate } from "./adamw.js";
import { clipFactor, globalNorm } from "./clip.js";
import { learningRateAt } from "./schedule.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const scalarOf = (tensor: tf.Tensor): number => tensor.dataSync()[0]!;

it("warms up in equal steps, peaks, and ends near the floor", () => {
  const schedule = { peak: 1, floor: 0.1, warmUpSteps: 4, totalSteps: 14 };
  const rates = Array.from({ length: 15 }, (_, step) => learningRateAt(step, schedule));
  expect(rates.slice(0, 4)).toEqual([0.25, 0.5, 0.75, 1]);
  expect(rates[4]).toBe(1);
  expect(rates[9]).toBeCloseTo(0.55, 12); // half way down the cosine
  expect(rates[14]).toBe(0.1);
  expect(rates.slice(4)).toEqual([...rates.slice(4)].sort((a, b) => b - a));
});

it("stays defined with nothing but warm-up, and past the end", () => {
  expect(learningRateAt(2, { peak: 1, floor: 0, warmUpSteps: 3, totalSteps: 3 })).toBe(1);
  expect(learningRateAt(99, { peak: 1, floor: 0.5, warmUpSteps: 0, totalSteps: 3 })).toBe(0.5);
});

it("takes the norm over all gradients together and scales only what is too long", () => {
  const gradients = [tf.tensor1d([3, 0]), tf.tensor2d([[4], [0]])];
  const norm = globalNorm(gradients);
  expect(scalarOf(norm)).toBe(5);
  expect(scalarOf(clipFactor(norm, 1))).toBeCloseTo(0.2, 6);
  expect(scalarOf(clipFactor(norm, 10))).toBe(1);
});

it("follows AdamW's formulas over three updates, written out in float64", () => {
  const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
  const [learningRate, decay, clip] = [0.1, 0.5, 0.25];
  const gradients = [4, -2, 1];
  let [p, m, v] = [1, 0, 0];
  let state = { parameter: tf.scalar(1), first: tf.scalar(0), second: tf.scalar(0) } as const;
  gradients.forEach((gradient, step) => {
    const g = gradient * clip;
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    p =
      p * (1 - learningRate * decay) -
      (learningRate * (m / (1 - 0.9 ** (step + 1)))) / (Math.sqrt(v / (1 - 0.99 ** (step + 1))) + 1e-8);
    const scalars = adamWScalars(step, learningRate, decay, options);
    state = adamWUpdate(
      state,
      tf.scalar(gradient),
      tf.scalar(clip),
      {
        stepSize: tf.scalar(scalars.stepSize),
        secondMomentScale: tf.scalar(scalars.secondMomentScale),
        shrink: tf.scalar(scalars.shrink),
      },
      true,
      options,
    ) as typeof state;
    expect(scalarOf(state.parameter)).toBeCloseTo(p, 5); // float32 against float64
  });
});

it("leaves biases and LayerNorm undecayed", () => {
  const still = { parameter: tf.scalar(2), first: tf.scalar(0), second: tf.scalar(0) };
  const scalars = { stepSize: tf.scalar(0.1), secondMomentScale: tf.scalar(1), shrink: tf.scalar(0.5) };
  const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const after = (decayed: boolean) =>
    scalarOf(adamWUpdate(still, tf.scalar(0), tf.scalar(1), scalars, decayed, options).parameter);
  expect(after(false)).toBe(2);
  expect(after(true)).toBe(1);
});

it("weighs examples, takes soft targets and leaves out a row of weight 0", () => {
  const logits = tf.tensor2d([
    [0, Math.log(3)],
    [0, 0],
    [9, -9],
  ]); // probabilities 0.75, 0.5, ~0 of label 1
  const targets = tf.tensor2d([
    [0, 1],
    [0.5, 0.5],
    [0, 1],
  ]);
  const loss = crossEntropy(logits, targets, tf.tensor1d([3, 1, 0]), tf.scalar(1 / 4));
  expect(scalarOf(loss)).toBeCloseTo((3 * -Math.log(0.75) + Math.log(2)) / 4, 6);
});

it("balances labels as scikit-learn does", () => {
  expect(balancedClassWeights([30, 10])).toEqual([40 / 60, 2]);
  expect(balancedClassWeights([5, 0])).toEqual([0.5, 0]);
});

it("predicts the next token with the cross-entropy that log-softmax gives, where there is a next one", () => {
  const hidden = tf.tensor3d([
    [
      [0.5, -1],
      [2, 0.25],
      [9, 9],
    ],
  ]); // [1, 3, 2]
  const embedding = tf.tensor2d([
    [1, 0],
    [0, 1],
    [-1, 0.5],
    [0.3, 0.3],
  ]); // [4, 2]
  const loss = nextTokenLoss(
    hidden,
    embedding,
    tf.tensor2d([[2, 0, 0]], [1, 3], "int32"),
    tf.tensor2d([[1, 1, 0]]),
    tf.scalar(0.5),
  );
  const logProbabilities = tf
    .logSoftmax(tf.matMul(hidden.reshape([3, 2]), embedding, false, true))
    .arraySync() as number[][];
  expect(scalarOf(loss)).toBeCloseTo(-0.5 * (logProbabilities[0]![2]! + logProbabilities[1]![0]!), 5);
});
