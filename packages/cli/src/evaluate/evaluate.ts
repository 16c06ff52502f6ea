/** Reads labelled messages, scores them with a detector, prints the figures and draws the plots. */
import { mkdir } from "node:fs/promises";
import { basename, resolve } from "node:path";
import {
  confusionPlot,
  type Evaluation,
  type EvaluationPlotCaption,
  evaluateGroups,
  evaluateScores,
  formatEvaluation,
  formatGroups,
  precisionRecallCurve,
  precisionRecallPlot,
  rankScores,
  reliabilityPlot,
  rocCurve,
  rocPlot,
  writePlot,
} from "@btp/cyberbully-train/evaluation";
import type { Detector } from "@btp/detector";
import type { CliContext } from "../context.js";
import { counted } from "../counted.js";
import { type ColumnOptions, readDataset } from "../dataset/read-dataset.js";
import { createPredictor, type PredictorOptions } from "../predict/predictor.js";
import { startProgress } from "../progress.js";
import { refuseToOverwrite } from "../refuse-to-overwrite.js";
import { write } from "../write-stream.js";

export interface EvaluateOptions extends Omit<PredictorOptions, "explain">, ColumnOptions {
  readonly bootstrap: number;
  readonly seed: number;
  readonly plots?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** @throws {TrainDataError} for the file; {DetectorError}, {CliError} for the model */
export async function evaluate(csv: string, options: EvaluateOptions, context: CliContext): Promise<void> {
  const { threshold: wanted, bootstrap, seed } = options;
  refuseToOverwrite(plotFiles(options, context), options.overwrite, "--plots");
  const data = await readDataset(csv, options, context);
  const predictor = await createPredictor(options, context);
  try {
    const { detector } = predictor;
    const texts = data.examples.map(({ text }) => text);
    const { scores, truncated } = await scoreAll(detector, texts, context);
    const labels = Uint8Array.from(data.examples, ({ label }) => label);
    const threshold = wanted ?? detector.info.threshold;
    const evaluation = evaluateScores(labels, scores, { threshold, bootstrap, seed });
    const { name, sha256, engine } = detector.info;
    const about = {
      model: { name, sha256, engine },
      data: { file: basename(csv), sha256: data.sha256 },
      truncated,
    };
    const groups =
      options.by === undefined
        ? undefined
        : evaluateGroups(
            data.examples.map(({ group = "" }) => group),
            labels,
            scores,
            threshold,
          );
    const text = options.json
      ? JSON.stringify({ ...about, ...evaluation, ...(groups && { groups }) })
      : [formatEvaluation(evaluation), ...(groups ? [formatGroups(groups)] : [])].join("\n\n");
    await write(context.stdout, `${text}\n`);
    if (truncated > 0) {
      context.stderr.write(
        `${counted(truncated, "message is", "messages are")} longer than the detector reads; only the beginning was judged.\n`,
      );
    }
    if (options.plots !== undefined) {
      const caption = {
        run: `${name} on ${basename(csv)}`,
        messages: evaluation.messages,
        positive: evaluation.positive,
      };
      await drawPlots(resolve(context.cwd, options.plots), labels, scores, evaluation, caption, context);
    }
  } finally {
    await predictor.dispose();
  }
}

const messagesPerStep = 2000;

async function scoreAll(
  detector: Detector,
  texts: readonly string[],
  context: CliContext,
): Promise<{ scores: Float64Array; truncated: number }> {
  const scores = new Float64Array(texts.length);
  let truncated = 0;
  const progress = await startProgress(texts.length, context);
  try {
    for (let start = 0; start < texts.length; start += messagesPerStep) {
      const detections = await detector.detect(texts.slice(start, start + messagesPerStep));
      detections.forEach((detection, i) => {
        scores[start + i] = detection.score;
        if (detection.truncated) truncated++;
      });
      progress.update(start + detections.length, counted(start + detections.length, "message"));
    }
  } finally {
    progress.stop();
  }
  return { scores, truncated };
}

/** Found before anything is computed. */
function plotFiles({ plots }: EvaluateOptions, { cwd }: CliContext): string[] {
  if (plots === undefined) return [];
  const names = ["roc", "precision-recall", "reliability", "confusion"];
  return names.flatMap((name) => ["png", "svg"].map((kind) => resolve(cwd, plots, `${name}.${kind}`)));
}

async function drawPlots(
  folder: string,
  labels: Uint8Array,
  scores: Float64Array,
  { metrics, confusion, threshold, reliability }: Evaluation,
  caption: EvaluationPlotCaption,
  context: CliContext,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const ranked = rankScores(labels, scores, threshold);
  const { rocAuc, prAuc, recall, specificity, precision, ece } = metrics;
  const operating = {
    falsePositiveRate: 1 - (specificity.value ?? 1),
    recall: recall.value ?? 0,
    precision: precision.value ?? 0,
    threshold,
  };
  const plots = {
    roc: rocPlot(rocCurve(ranked), rocAuc.value, caption, operating),
    "precision-recall": precisionRecallPlot(precisionRecallCurve(ranked), prAuc.value, caption, operating),
    reliability: reliabilityPlot(reliability, ece.value ?? 0, caption),
    confusion: confusionPlot(confusion, threshold, caption),
  };
  for (const [name, plot] of Object.entries(plots)) {
    const written = await writePlot(resolve(folder, name), plot);
    context.stderr.write(`${written.join(", ")}\n`);
  }
}
