/** Small sums over one batch or one evaluation: what the loop adds up and writes down. */
import type { HostArray, HostTensor, RandomSource } from "@btp/tfjs-jit";
import { balancedClassWeights } from "../loss.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import type { EvaluationRecord, RunPosition } from "./run-position.js";

export function startPosition(random: RandomSource): RunPosition {
  const [a, b, c, d] = random.getState();
  return {
    epoch: 0,
    batch: 0,
    step: 0,
    random: [a, b, c, d],
    lossSum: 0,
    correct: 0,
    seen: 0,
    evaluations: [],
    bestStep: 0,
    evaluationsWithoutGain: 0,
    logBytes: 0,
    seconds: 0,
  };
}

export function classWeightsOf(
  { targets }: EncodedMessages,
  kind: "none" | "balanced",
): readonly [number, number] {
  if (kind === "none") return [1, 1];
  const positive = targets.reduce((sum, target) => sum + target, 0);
  const [zero = 1, one = 1] = balancedClassWeights([targets.length - positive, positive]);
  return [zero, one];
}

export const totalWeight = (weights: HostTensor): number =>
  (weights.data as Float32Array).reduce((sum, weight) => sum + weight, 0);

/** Rows whose larger logit is on the side of the larger target. Both are [B, 2]. */
export function countCorrect(logits: HostArray, targets: HostArray): number {
  let correct = 0;
  for (let i = 0; i < logits.length; i += 2)
    if (logits[i + 1]! >= logits[i]! === targets[i + 1]! >= targets[i]!) correct++;
  return correct;
}

/** One line for people. */
export function describeEvaluation(record: EvaluationRecord, isBest: boolean): string {
  const { epoch, trainLoss, trainAccuracy, loss, accuracy, f1, auc, learningRate } = record;
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
  return (
    `epoch ${epoch.toFixed(2)}  train loss ${trainLoss.toFixed(4)} accuracy ${percent(trainAccuracy)}  ` +
    `validation loss ${loss.toFixed(4)} accuracy ${percent(accuracy)} F1 ${f1.toFixed(4)} AUC ${auc.toFixed(4)}  ` +
    `learning rate ${learningRate.toExponential(2)}${isBest ? "  best so far" : ""}`
  );
}
