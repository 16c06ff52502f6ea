/** The figures that training steers by, from logits: a quick subset of what metrics/ works out for a finished detector. */

export interface Figures {
  /** Mean cross-entropy against the targets, natural logarithm. */
  readonly loss: number;
  readonly accuracy: number;
  /** Of cyberbullying, at one half. */
  readonly f1: number;
  /** Area under the ROC curve: the probability that a cyberbullying message scores above another, ties count half. */
  readonly auc: number;
}

/**
 * @param logits - float32 [messages, 2]
 * @param targets - probability of cyberbullying; at least one half counts as cyberbullying
 */
export function figuresOf(logits: Float32Array, targets: Float32Array, temperature = 1): Figures {
  let loss = 0;
  const hits = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
  const margins = Float64Array.from(targets, (_, i) => (logits[i * 2 + 1]! - logits[i * 2]!) / temperature);
  targets.forEach((target, i) => {
    const margin = margins[i]!;
    // -t·log p - (1 - t)·log(1 - p) with p = 1 / (1 + exp(-margin)), in the form that does not overflow
    loss += Math.max(margin, 0) - margin * target + Math.log1p(Math.exp(-Math.abs(margin)));
    const [says, is] = [margin >= 0, target >= 0.5];
    hits[says ? (is ? "truePositive" : "falsePositive") : is ? "falseNegative" : "trueNegative"]++;
  });
  const { truePositive, falsePositive, falseNegative, trueNegative } = hits;
  const wrong = falsePositive + falseNegative;
  return {
    loss: loss / targets.length,
    accuracy: (truePositive + trueNegative) / targets.length,
    f1: truePositive === 0 ? 0 : (2 * truePositive) / (2 * truePositive + wrong),
    auc: areaUnderCurve(margins, targets),
  };
}

/** By ranks (Mann and Whitney); 0.5 where one of the labels does not occur. */
function areaUnderCurve(scores: Float64Array, targets: Float32Array): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  let positives = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const rank = (start + 1 + end) / 2; // mean rank of the tie, counted from 1
    for (let k = start; k < end; k++) {
      if (targets[order[k]!]! < 0.5) continue;
      rankSum += rank;
      positives++;
    }
    start = end;
  }
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) return 0.5;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
