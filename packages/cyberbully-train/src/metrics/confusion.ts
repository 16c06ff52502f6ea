/** Counts of right and wrong decisions, and the figures made of them. A share with nothing below the line is 0, as in scikit-learn. */

export interface Confusion {
  /** Cyberbullying, and called so. */
  readonly truePositives: number;
  /** Harmless, and called cyberbullying. */
  readonly falsePositives: number;
  readonly trueNegatives: number;
  /** Cyberbullying that was missed. */
  readonly falseNegatives: number;
}

export interface DecisionMetrics {
  readonly accuracy: number;
  /** Of what was called cyberbullying, the part that is. */
  readonly precision: number;
  /** Of what is cyberbullying, the part that was found. */
  readonly recall: number;
  /** Of what is harmless, the part that was left alone. */
  readonly specificity: number;
  readonly f1: number;
  /** Mean of the F1 of both labels. */
  readonly macroF1: number;
}

/** The decision rule of the whole project: cyberbullying where `score >= threshold`. */
export function confusionAt(labels: Uint8Array, scores: Float64Array, threshold: number): Confusion {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const cell = 2 * labels[i]! + (scores[i]! >= threshold ? 1 : 0);
    counts[cell]!++;
  }
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts as [
    number,
    number,
    number,
    number,
  ];
  return { truePositives, falsePositives, trueNegatives, falseNegatives };
}

export function decisionMetrics(confusion: Confusion): DecisionMetrics {
  const { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn } = confusion;
  const f1 = share(2 * tp, 2 * tp + fp + fn);
  return {
    accuracy: share(tp + tn, tp + tn + fp + fn),
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    specificity: share(tn, tn + fp),
    f1,
    macroF1: (f1 + share(2 * tn, 2 * tn + fp + fn)) / 2,
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
