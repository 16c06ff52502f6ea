/** The loss and accuracy plots of a run, as files of the detector directory. */
import { renderPlot } from "../plots/render.js";
import {
  accuracyPlot,
  lossPlot,
  type TrainingCurve,
  type TrainingPlotCaption,
} from "../plots/training-plots.js";
import type { EvaluationRecord } from "../run/run-position.js";

export async function renderTrainingPlots(
  evaluations: readonly EvaluationRecord[],
  caption: TrainingPlotCaption,
): Promise<Record<string, string | Uint8Array>> {
  const curve = (train: "trainLoss" | "trainAccuracy", validation: "loss" | "accuracy"): TrainingCurve => ({
    train: evaluations.map((record) => ({ epoch: record.epoch, value: record[train] })),
    validation: evaluations.map((record) => ({ epoch: record.epoch, value: record[validation] })),
  });
  const loss = await renderPlot(lossPlot(curve("trainLoss", "loss"), caption));
  const accuracy = await renderPlot(accuracyPlot(curve("trainAccuracy", "accuracy"), caption));
  return {
    "loss-plot.png": loss.png,
    "loss-plot.svg": loss.svg,
    "accuracy-plot.png": accuracy.png,
    "accuracy-plot.svg": accuracy.svg,
  };
}
