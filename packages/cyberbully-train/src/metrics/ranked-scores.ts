/**
 * Labels and scores sorted once, so that every figure of one resample of the bootstrap is a single pass with a weight
 * for each row: sorting 1,000 resamples would cost a hundred times more. The figures of the data itself are those with
 * all weights 1, from the same code.
 */
import { TrainDataError } from "../data/errors.js";
import { type Confusion, type DecisionMetrics, decisionMetrics } from "./confusion.js";

/** Equal-width bins of the calibration error, as in Guo et al. 2017 (arXiv 1706.04599). */
export const ECE_BINS = 15;

/** Keeps the log loss of a score of 0 or 1 finite; the same bound as scikit-learn in float64. */
const SMALLEST = 2 ** -52;

export interface RankedScores {
  readonly count: number;
  /** Row i of the sorted order, scores falling. */
  readonly labels: Uint8Array;
  readonly scores: Float64Array;
  /** 1 where the row is the last of its score. */
  readonly endsTie: Uint8Array;
  readonly bins: Uint8Array;
  readonly logLoss: Float64Array;
  readonly threshold: number;
}

export interface ScoreMetrics extends DecisionMetrics {
  /** Chance that a cyberbullying message scores above a harmless one, ties one half. Null where a label is missing. */
  readonly rocAuc: number | null;
  /** Average precision: precision at each score, weighted by the recall it adds. Null without cyberbullying. */
  readonly prAuc: number | null;
  /** Expected calibration error: 15 equal-width bins. */
  readonly ece: number;
  /** Mean squared difference of score and label. */
  readonly brier: number;
  /** Mean negative log-likelihood, in nats. */
  readonly logLoss: number;
}

/** @throws {TrainDataError} BAD_SCORES: nothing, unequal lengths, a label not 0 or 1, a score outside 0 to 1 */
export function rankScores(labels: Uint8Array, scores: Float64Array, threshold: number): RankedScores {
  checkScores(labels, scores);
  const order = Uint32Array.from(labels, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const count = order.length;
  const sorted = Float64Array.from(order, (i) => scores[i]!);
  const sortedLabels = Uint8Array.from(order, (i) => labels[i]!);
  return {
    count,
    labels: sortedLabels,
    scores: sorted,
    endsTie: Uint8Array.from(sorted, (score, i) => (i === count - 1 || sorted[i + 1]! !== score ? 1 : 0)),
    bins: Uint8Array.from(sorted, (score) => Math.min(ECE_BINS - 1, Math.floor(score * ECE_BINS))),
    logLoss: Float64Array.from(
      sorted,
      (score, i) => -Math.log(Math.max(SMALLEST, sortedLabels[i] === 1 ? score : 1 - score)),
    ),
    threshold,
  };
}

/**
 * @param weights - how often each row of the sorted order counts; none means once
 */
export function measure(
  ranked: RankedScores,
  weights?: Uint16Array,
): ScoreMetrics & { readonly confusion: Confusion } {
  const { count, labels, scores, endsTie, bins, threshold } = ranked;
  const binWeight = new Float64Array(ECE_BINS);
  const binGap = new Float64Array(ECE_BINS);
  let [positives, negatives, truePositives, falsePositives, brier, logLoss] = [0, 0, 0, 0, 0, 0];
  let [tiePositives, tieNegatives, pairsWon, precisionSum] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const weight = weights === undefined ? 1 : weights[i]!;
    const label = labels[i]!;
    const score = scores[i]!;
    if (label === 1) tiePositives += weight;
    else tieNegatives += weight;
    binWeight[bins[i]!]! += weight;
    binGap[bins[i]!]! += weight * (label - score);
    brier += weight * (label - score) ** 2;
    logLoss += weight * ranked.logLoss[i]!;
    if (endsTie[i] === 0) continue;
    // Harmless rows of this score lose to all positives above and tie with those beside them.
    pairsWon += tieNegatives * (positives + tiePositives / 2);
    positives += tiePositives;
    negatives += tieNegatives;
    if (tiePositives > 0) precisionSum += tiePositives * (positives / (positives + negatives));
    if (score >= threshold) {
      truePositives = positives;
      falsePositives = negatives;
    }
    tiePositives = 0;
    tieNegatives = 0;
  }
  const total = positives + negatives;
  const confusion = {
    truePositives,
    falsePositives,
    trueNegatives: negatives - falsePositives,
    falseNegatives: positives - truePositives,
  };
  return {
    confusion,
    ...decisionMetrics(confusion),
    rocAuc: positives === 0 || negatives === 0 ? null : pairsWon / (positives * negatives),
    prAuc: positives === 0 ? null : precisionSum / positives,
    ece: binGap.reduce((sum, gap) => sum + Math.abs(gap), 0) / total,
    brier: brier / total,
    logLoss: logLoss / total,
  };
}

function checkScores(labels: Uint8Array, scores: Float64Array): void {
  const refuse = (got: string): never => {
    throw new TrainDataError(
      "BAD_SCORES",
      `Expected a label of 0 or 1 and a score from 0 to 1 for each message, got ${got}.`,
    );
  };
  if (labels.length !== scores.length) refuse(`${labels.length} labels and ${scores.length} scores`);
  if (labels.length === 0) refuse("no messages");
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]! > 1) refuse(`the label ${labels[i]} at index ${i}`);
    if (!(scores[i]! >= 0 && scores[i]! <= 1)) refuse(`the score ${scores[i]} at index ${i}`);
  }
}
