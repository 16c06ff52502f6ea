/**
 * From two logits to a decision: temperature, probability, threshold, label, confidence.
 * Pure arithmetic in float64; it knows nothing of texts or tensors.
 */
import type { Label } from "./detection.js";
import { DetectorError } from "./errors.js";

export interface Decision {
  readonly label: Label;
  readonly isCyberbullying: boolean;
  readonly confidence: number;
  readonly score: number;
  readonly threshold: number;
}

/**
 * Calibrated probability of cyberbullying: the softmax over two logits is the logistic function of their difference,
 * and dividing both by the temperature divides the difference (Guo et al. 2017, arXiv 1706.04599, temperature scaling).
 * @throws {DetectorError} OUTPUT_NOT_FINITE
 */
export function scoreOf(notLogit: number, cyberbullyingLogit: number, temperature: number): number {
  const difference = (cyberbullyingLogit - notLogit) / temperature;
  if (!Number.isFinite(difference)) {
    throw new DetectorError(
      "OUTPUT_NOT_FINITE",
      "Expected finite logits, got NaN or infinity: the weights are broken. Train or download the detector again.",
    );
  }
  return 1 / (1 + Math.exp(-difference));
}

/** @param score - 0 to 1  @param threshold - 0 to 1; at or above it the message counts as cyberbullying */
export function decide(score: number, threshold: number): Decision {
  const isCyberbullying = score >= threshold;
  return {
    label: isCyberbullying ? "cyberbullying" : "not cyberbullying",
    isCyberbullying,
    confidence: confidenceOf(score, threshold),
    score,
    threshold,
  };
}

/** Linear from 0.5 at the threshold to 1 at certainty, on the side the score lies. */
function confidenceOf(score: number, threshold: number): number {
  // Divided first: half of the smallest thresholds that there are would round up.
  if (score < threshold) return 0.5 + 0.5 * ((threshold - score) / threshold);
  // With a threshold of 1 only certainty is on this side, and the division would be 0 / 0.
  return threshold === 1 ? 1 : 0.5 + 0.5 * ((score - threshold) / (1 - threshold));
}

/** @throws {DetectorError} INPUT_INVALID unless it is a number from 0 to 1 */
export function checkThreshold(threshold: number): number {
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new DetectorError(
      "INPUT_INVALID",
      `Expected a threshold from 0 to 1, got ${String(threshold)}. 0.5 treats both labels alike.`,
    );
  }
  return threshold;
}
