import { createRandom } from "@btp/core-gpt";
import { expect, it } from "vitest";
import { areSeparated, fitTemperatureAndBias } from "./calibration.js";

/** Labels drawn from sigmoid(slope · margin + offset). */
function drawn(slope: number, offset: number, count: number): { labels: Uint8Array; margins: Float64Array } {
  const random = createRandom(5);
  const margins = Float64Array.from({ length: count }, () => 6 * random() - 3);
  const labels = Uint8Array.from(margins, (m) =>
    random() < 1 / (1 + Math.exp(-(slope * m + offset))) ? 1 : 0,
  );
  return { labels, margins };
}

it("finds the temperature and the bias that labels were drawn with", () => {
  const { labels, margins } = drawn(0.5, -0.7, 20_000);
  const { temperature, bias } = fitTemperatureAndBias(labels, margins);
  // 20,000 labels: standard errors of about 0.01 for the slope and 0.02 for the offset
  expect(1 / temperature).toBeCloseTo(0.5, 1);
  expect(bias / temperature).toBeCloseTo(-0.7, 1);
});

it("is where both slopes of the log loss are zero", () => {
  const { labels, margins } = drawn(2, 0.3, 500);
  const { temperature, bias } = fitTemperatureAndBias(labels, margins);
  let [slope, offset] = [0, 0];
  margins.forEach((margin, i) => {
    const error = 1 / (1 + Math.exp(-(margin + bias) / temperature)) - labels[i]!;
    slope += error * margin;
    offset += error;
  });
  expect(slope).toBeCloseTo(0, 6); // Newton's method, float64
  expect(offset).toBeCloseTo(0, 6);
});

it.each([
  ["labels separated without error", [0, 0, 1, 1], [-2, -1, 1, 2]],
  ["margins that rank backwards", [1, 1, 0, 0], [-2, -1, 1, 2]],
  ["one label alone", [1, 1, 1], [0.1, 0.2, 0.3]],
])("keeps to a temperature within its range for %s", (_, labels, margins) => {
  const { temperature, bias } = fitTemperatureAndBias(Uint8Array.from(labels), Float64Array.from(margins));
  expect(temperature).toBeGreaterThanOrEqual(0.05);
  expect(temperature).toBeLessThanOrEqual(20);
  expect(Number.isFinite(bias)).toBe(true);
});

it.each([
  [[0, 1], [3, 4], true],
  [[1, 0], [3, 4], false],
  [[0, 1, 0], [1, 2, 3], false],
  [[1, 1], [3, 4], true],
])("knows whether a cut parts the labels %j of the margins %j", (labels, margins, expected) => {
  expect(areSeparated(Uint8Array.from(labels), Float64Array.from(margins))).toBe(expected);
});
