import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { cosineLoss, softLoss } from "./distill-losses.js";

const numberOf = (loss: () => tf.Scalar): number => tf.tidy(() => loss().dataSync()[0]!);

describe("softLoss", () => {
  it("is the cross-entropy at the temperature, times its square", () => {
    // Margins 2 and -1 at T = 2 are 1 and -0.5; teacher 0.8 and 0.1: -q·log p - (1 - q)·log(1 - p), p = 1 / (1 + e^-z).
    const first = -0.8 * Math.log(0.7310585786) - 0.2 * Math.log(0.2689414214);
    const second = -0.1 * Math.log(0.3775406688) - 0.9 * Math.log(0.6224593312);
    const loss = numberOf(() =>
      softLoss(
        tf.tensor2d([1, 3, 0.5, -0.5], [2, 2]),
        tf.tensor2d([0.2, 0.8, 0.9, 0.1], [2, 2]),
        tf.tensor1d([1, 1]),
        tf.scalar(1 / 2),
        2,
      ),
    );
    expect(loss).toBeCloseTo(4 * ((first + second) / 2), 5); // float32
  });

  it("leaves out a text of weight 0, and is least where the student says what the teacher says", () => {
    const at = (margin: number): number =>
      numberOf(() =>
        softLoss(
          tf.tensor2d([0, margin, 0, 50], [2, 2]),
          tf.tensor2d([0.25, 0.75, 1, 0], [2, 2]),
          tf.tensor1d([1, 0]),
          tf.scalar(1),
          1,
        ),
      );
    const best = Math.log(3); // sigmoid(log 3) = 0.75
    expect(at(best)).toBeLessThan(at(best + 0.2));
    expect(at(best)).toBeLessThan(at(best - 0.2));
  });
});

describe("cosineLoss", () => {
  const loss = (given: number[][], wanted: number[][], weights: number[]): number =>
    numberOf(() => cosineLoss(tf.tensor2d(given), tf.tensor2d(wanted), tf.tensor1d(weights), tf.scalar(1)));

  it.each([
    ["the same direction", [[3, 4]], [[6, 8]], 0],
    ["a right angle", [[1, 0]], [[0, 2]], 1],
    ["opposite directions", [[1, 1]], [[-2, -2]], 2],
    ["3-4-5 against the first axis", [[3, 4]], [[1, 0]], 0.4],
    ["zeros", [[0, 0]], [[1, 0]], 1],
  ])("is 1 less the cosine: %s", (_, given, wanted, expected) => {
    expect(loss(given, wanted, [1])).toBeCloseTo(expected, 5); // float32, and 1e-12 under the root
  });

  it("counts by weight", () => {
    expect(
      loss(
        [
          [1, 0],
          [1, 0],
        ],
        [
          [0, 1],
          [-1, 0],
        ],
        [0.5, 0],
      ),
    ).toBeCloseTo(0.5, 5); // float32
  });

  it("has a finite gradient at zero", () => {
    const gradient = tf.grad((x: tf.Tensor) =>
      cosineLoss(x, tf.tensor2d([[1, 0]]), tf.tensor1d([1]), tf.scalar(1)),
    );
    const values = tf.tidy(() => gradient(tf.zeros([1, 2])).dataSync());
    expect([...values].every(Number.isFinite)).toBe(true);
  });
});
