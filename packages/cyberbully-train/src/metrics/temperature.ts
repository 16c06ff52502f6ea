/**
 * Temperature scaling (Guo et al. 2017, arXiv 1706.04599): one number that makes scores honest without changing a rank.
 * Fitted on validation logits.
 */
import { counted } from "../counted.js";
import { TrainDataError } from "../data/errors.js";

/** Outside of these a fit says that the data cannot tell, and the bound is returned. */
export const TEMPERATURE_RANGE = { lowest: 0.05, highest: 20 } as const;

/**
 * The temperature T that minimises the log loss of `sigmoid(margin / T)`.
 * The loss is convex in 1/T, so the root of its slope is found by Newton steps, halved into a bracket where they leave it.
 * @param margins - logit of cyberbullying minus the other logit, [N]
 * @returns within TEMPERATURE_RANGE: the lowest for labels separated without error, the highest for margins that say nothing
 * @throws {TrainDataError} BAD_SCORES: nothing, unequal lengths, a margin that is not finite
 */
export function fitTemperature(labels: Uint8Array, margins: Float64Array): number {
  if (labels.length !== margins.length || labels.length === 0 || !margins.every(Number.isFinite))
    throw new TrainDataError(
      "BAD_SCORES",
      `Expected a finite logit for each of the labels, got ${labels.length} labels and ${margins.length} logits, or one that is not finite.`,
    );
  let low = 1 / TEMPERATURE_RANGE.highest;
  let high = 1 / TEMPERATURE_RANGE.lowest;
  if (slopeAt(low, labels, margins).slope >= 0) return TEMPERATURE_RANGE.highest;
  if (slopeAt(high, labels, margins).slope <= 0) return TEMPERATURE_RANGE.lowest;
  let inverse = 1;
  for (let step = 0; step < 100 && high - low > 1e-12; step++) {
    const { slope, curvature } = slopeAt(inverse, labels, margins);
    if (slope < 0) low = inverse;
    else high = inverse;
    const newton = inverse - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - inverse) < 1e-13) break;
    inverse = next;
  }
  return 1 / inverse;
}

/**
 * What to say of a fit that the messages could not tell: one sentence, or nothing.
 * @param messages - number that it was fitted on
 * @param separated - whether a cut parts their labels without error, where the fit may move that cut
 */
export function describeFit(temperature: number, messages: number, separated = false): string | undefined {
  const { lowest, highest } = TEMPERATURE_RANGE;
  const on = `the ${counted(messages, "validation message")}`;
  const bound = `the temperature ended at its bound ${temperature}`;
  if (temperature === highest)
    return `Scores are not calibrated, all near one half: ${bound}, as the model's order of ${on} says nothing of their labels. Check the labels, or train for longer.`;
  if (temperature !== lowest && !separated) return undefined;
  const how = temperature === lowest ? `${bound}, as ${on} are` : `${on} are`;
  return `Scores are not calibrated, and surer than they should be: ${how} too few, or separated without error. Validate on more messages.`;
}

/** First and second derivative of the mean log loss by the inverse temperature. */
function slopeAt(
  inverse: number,
  labels: Uint8Array,
  margins: Float64Array,
): { slope: number; curvature: number } {
  let slope = 0;
  let curvature = 0;
  for (let i = 0; i < margins.length; i++) {
    const margin = margins[i]!;
    const probability = 1 / (1 + Math.exp(-inverse * margin));
    slope += (probability - labels[i]!) * margin;
    curvature += probability * (1 - probability) * margin * margin;
  }
  return { slope: slope / margins.length, curvature: curvature / margins.length };
}

/** Calibrated scores: `sigmoid(margin / T)`, float64 [N]. */
export function scoresOf(margins: Float64Array, temperature = 1): Float64Array {
  return margins.map((margin) => 1 / (1 + Math.exp(-margin / temperature)));
}
