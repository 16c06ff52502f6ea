/**
 * What turns a finished model's logits into honest scores: a temperature alone, or with a bias (Platt 1999), which also
 * undoes that the training mixture had another share of cyberbullying than the messages that scores are wanted for.
 * Both leave every rank as it is. The bias goes into the head's, so a detector needs no new field.
 */
import { fitTemperature, TEMPERATURE_RANGE } from "../metrics/temperature.js";

export interface Calibration {
  /** Margins, with the bias added, are divided by it. */
  readonly temperature: number;
  /** Added to the logit of cyberbullying. */
  readonly bias: number;
}

/**
 * The slope and offset that minimise the log loss of `sigmoid(slope · margin + offset)`, by Newton's method on a convex
 * function of two numbers; where that leads nowhere (labels separated without error, margins that rank backwards), the
 * temperature alone.
 * @param labels - 0 or 1, [N]     @param margins - logit of cyberbullying minus the other, [N]
 */
export function fitTemperatureAndBias(labels: Uint8Array, margins: Float64Array): Calibration {
  let [slope, offset] = [1, 0];
  for (let round = 0; round < 100; round++) {
    const [next, nextOffset] = newtonStep(labels, margins, slope, offset);
    const moved = Math.abs(next - slope) + Math.abs(nextOffset - offset);
    [slope, offset] = [next, nextOffset];
    if (!(moved > 1e-12)) break;
  }
  const temperature = 1 / slope;
  const inRange = temperature >= TEMPERATURE_RANGE.lowest && temperature <= TEMPERATURE_RANGE.highest;
  if (!inRange || !Number.isFinite(offset)) return { temperature: fitTemperature(labels, margins), bias: 0 };
  return { temperature, bias: offset / slope };
}

/** Whether a cut parts the labels without error, or there is one label only: then no slope is steep enough. */
export function areSeparated(labels: Uint8Array, margins: Float64Array): boolean {
  const of = (wanted: number): Float64Array => margins.filter((_, i) => labels[i] === wanted);
  const most = of(0).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const least = of(1).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return most < least;
}

/** One damped step: halved until the loss does not rise. */
function newtonStep(
  labels: Uint8Array,
  margins: Float64Array,
  slope: number,
  offset: number,
): readonly [number, number] {
  let [g0, g1, h00, h01, h11] = [0, 0, 1e-12, 0, 1e-12];
  margins.forEach((margin, i) => {
    const probability = 1 / (1 + Math.exp(-(slope * margin + offset)));
    const error = probability - labels[i]!;
    const curvature = probability * (1 - probability);
    g0 += error * margin;
    g1 += error;
    h00 += curvature * margin * margin;
    h01 += curvature * margin;
    h11 += curvature;
  });
  const determinant = h00 * h11 - h01 * h01;
  if (!(determinant > 0)) return [slope, offset];
  const down = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant] as const;
  const before = logLoss(labels, margins, slope, offset);
  for (let size = 1; size > 1e-6; size /= 2) {
    const [a, b] = [slope - size * down[0], offset - size * down[1]];
    if (logLoss(labels, margins, a, b) <= before) return [a, b];
  }
  return [slope, offset];
}

function logLoss(labels: Uint8Array, margins: Float64Array, slope: number, offset: number): number {
  let sum = 0;
  margins.forEach((margin, i) => {
    const z = slope * margin + offset;
    sum += Math.max(z, 0) - z * labels[i]! + Math.log1p(Math.exp(-Math.abs(z)));
  });
  return sum;
}
