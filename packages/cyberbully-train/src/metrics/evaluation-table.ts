/** An evaluation as text for a terminal: figures with intervals, the confusion matrix, the threshold table. */
import { counted } from "../counted.js";
import type { Evaluation } from "./evaluation.js";
import type { MetricName } from "./intervals.js";

const titles: Readonly<Record<MetricName, string>> = {
  accuracy: "accuracy",
  precision: "precision",
  recall: "recall",
  specificity: "specificity",
  f1: "F1",
  macroF1: "macro-F1",
  rocAuc: "ROC-AUC",
  prAuc: "PR-AUC",
  ece: "calibration error",
  brier: "Brier score",
  logLoss: "log loss",
};

/** Plain text without colour, lines of at most 80 characters. */
export function formatEvaluation(evaluation: Evaluation): string {
  return [
    summary(evaluation),
    figures(evaluation),
    confusionMatrix(evaluation),
    thresholdRows(evaluation),
  ].join("\n\n");
}

function summary({ messages, positive, threshold, majorityAccuracy }: Evaluation): string {
  return (
    `${counted(messages, "message")}, ${positive} cyberbullying (${percent(positive / messages)}), threshold ${threshold}\n` +
    `always the more frequent label: accuracy ${majorityAccuracy.toFixed(3)}`
  );
}

function figures(evaluation: Evaluation): string {
  const { metrics, method } = evaluation;
  const interval = method.resamples > 0 ? `${percent(method.confidence, 0)} interval` : "";
  const lines = Object.entries(metrics).map(([name, { value, interval: range }]) => {
    const title = titles[name as MetricName].padEnd(18);
    const shown = value === null ? "   -  " : value.toFixed(4);
    return `${title} ${shown}${range === null ? "" : `   ${range.low.toFixed(3)} to ${range.high.toFixed(3)}`}`.trimEnd();
  });
  return [`${"".padEnd(18)}  value   ${interval}`.trimEnd(), ...lines, ...missingLabel(evaluation)].join(
    "\n",
  );
}

/** Why some figures are missing. */
function missingLabel({ messages, positive }: Evaluation): string[] {
  if (positive > 0 && positive < messages) return [];
  const only = positive === 0 ? "no message is cyberbullying" : "every message is cyberbullying";
  return [`- : not defined, since ${only} here; it takes both labels.`];
}

function confusionMatrix({ confusion }: Evaluation): string {
  const { truePositives, falseNegatives, falsePositives, trueNegatives } = confusion;
  const cell = (count: number): string => String(count).padStart(14);
  return [
    `${"".padEnd(18)}${"called bullying".padStart(16)}${"called not".padStart(14)}`,
    `${"is bullying".padEnd(20)}${cell(truePositives)}${cell(falseNegatives)}`,
    `${"is not".padEnd(20)}${cell(falsePositives)}${cell(trueNegatives)}`,
  ].join("\n");
}

function thresholdRows({ thresholds, bestThresholds, metrics, messages, positive }: Evaluation): string {
  const columns = ["threshold", "accuracy", "precision", "recall", "F1", "flagged"];
  const header = columns.map((name) => name.padStart(10)).join("");
  const lines = thresholds.map((row) =>
    [
      row.threshold.toFixed(2),
      row.accuracy,
      metrics.precision.value === null ? "-" : row.precision,
      metrics.recall.value === null ? "-" : row.recall,
      metrics.f1.value === null ? "-" : row.f1,
      row.flagged,
    ]
      .map((value) => (typeof value === "number" ? value.toFixed(3) : value).padStart(10))
      .join(""),
  );
  // With one label the best threshold is to call every message by it.
  if (positive === 0 || positive === messages) return [header, ...lines].join("\n");
  const best = Object.entries(bestThresholds).map(
    ([aim, { threshold, value }]) => `best ${aim}: ${value.toFixed(4)} at threshold ${threshold.toFixed(4)}`,
  );
  return [header, ...lines, "", ...best, flattering].join("\n");
}

const flattering = "(best on these very messages, which flatters: measure on others)";

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
