/** Entry "@btp/cyberbully-train/evaluation": figures and plots of an evaluation, for whoever trains nothing. */
export type { Confusion } from "./metrics/confusion.js";
export { precisionRecallCurve, type ReliabilityBin, rocCurve } from "./metrics/curves.js";
export {
  type Evaluation,
  type EvaluationOptions,
  evaluateScores,
  type MetricValue,
} from "./metrics/evaluation.js";
export { formatEvaluation } from "./metrics/evaluation-table.js";
export { evaluateGroups, formatGroups, type GroupFigures } from "./metrics/groups.js";
export type { Interval, MetricName } from "./metrics/intervals.js";
export { rankScores } from "./metrics/ranked-scores.js";
export {
  confusionPlot,
  type EvaluationPlotCaption,
  precisionRecallPlot,
  reliabilityPlot,
  rocPlot,
} from "./plots/evaluation-plots.js";
export { writePlot } from "./plots/render.js";
