/** The plots of an evaluation: ROC, precision-recall, reliability, confusion matrix. Makes specifications; render.ts draws. */
import { agreeing } from "../counted.js";
import type { Confusion } from "../metrics/confusion.js";
import type { PrecisionRecallPoint, ReliabilityBin, RocPoint } from "../metrics/curves.js";
import type { PlotSpec } from "./render.js";
import { colours, plotSize } from "./theme.js";

export interface EvaluationPlotCaption {
  /** Which detector on which data, for example "my-detector on validation.csv". */
  readonly run: string;
  readonly messages: number;
  readonly positive: number;
}

type Layers = Extract<PlotSpec, { layer: unknown }>["layer"];

const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
const unit = { domain: [0, 1], nice: false };
const percent = { format: ".0%", tickCount: 6, labelFlush: false } as const;

/** @param auc - area, shown in the subtitle @param operating - the detector's own threshold, marked */
export function rocPlot(
  points: readonly RocPoint[],
  auc: number | null,
  caption: EvaluationPlotCaption,
  operating?: RocPoint,
): PlotSpec {
  const encoding = {
    x: {
      field: "falsePositiveRate",
      type: "quantitative",
      title: "harmless messages flagged",
      scale: unit,
      axis: percent,
    },
    y: { field: "recall", type: "quantitative", title: "cyberbullying found", scale: unit, axis: percent },
  } as const;
  const chance = [
    { falsePositiveRate: 0, recall: 0 },
    { falsePositiveRate: 1, recall: 1 },
  ];
  return square(
    `ROC: ${caption.run}`,
    [`area ${figure(auc)} (dashed: chance, 0.500)`, counts(caption)],
    [
      { data: { values: chance }, mark: dashed, encoding },
      {
        data: { values: thinned(points) },
        mark: { type: "line", strokeWidth: 2.5, color: colours.train },
        encoding: { ...encoding, order: { field: "falsePositiveRate" } },
      },
      ...operatingMark(operating, encoding, "right"),
    ],
  );
}

/** @param averagePrecision - shown in the subtitle; chance is the share of cyberbullying */
export function precisionRecallPlot(
  points: readonly PrecisionRecallPoint[],
  averagePrecision: number | null,
  caption: EvaluationPlotCaption,
  operating?: PrecisionRecallPoint,
): PlotSpec {
  const encoding = {
    x: {
      field: "recall",
      type: "quantitative",
      title: "recall: cyberbullying found",
      scale: unit,
      axis: percent,
    },
    y: {
      field: "precision",
      type: "quantitative",
      title: "precision: flagged rightly",
      scale: unit,
      axis: percent,
    },
  } as const;
  const share = caption.positive / caption.messages;
  const chance = [0, 1].map((recall) => ({ recall, precision: share }));
  return square(
    `Precision and recall: ${caption.run}`,
    [`average precision ${figure(averagePrecision)} (dashed: chance, ${share.toFixed(3)})`, counts(caption)],
    [
      { data: { values: chance }, mark: dashed, encoding },
      {
        data: { values: thinned(points) },
        mark: { type: "line", strokeWidth: 2.5, color: colours.train, interpolate: "step-before" },
        encoding: { ...encoding, order: { field: "recall" } },
      },
      ...operatingMark(operating, encoding, "left"),
    ],
  );
}

/** @param ece - expected calibration error, shown in the subtitle */
export function reliabilityPlot(
  bins: readonly ReliabilityBin[],
  ece: number,
  caption: EvaluationPlotCaption,
): PlotSpec {
  const y = {
    type: "quantitative",
    title: "messages that are cyberbullying",
    scale: unit,
    axis: percent,
  } as const;
  const x = {
    type: "quantitative",
    title: "score",
    scale: unit,
    axis: { tickCount: 10, format: ".1f", labelFlush: false },
  } as const;
  const encoding = { x: { ...x, field: "meanScore" }, y: { ...y, field: "positiveShare" } } as const;
  const honest = [0, 1].map((meanScore) => ({ meanScore, positiveShare: meanScore }));
  const most = Math.max(1, ...bins.map(({ count }) => count));
  // Bars along the bottom, a fifth of the height, say how many messages stand behind each point.
  const bars = bins.map((bin) => ({ ...bin, height: (0.2 * bin.count) / most }));
  return square(
    `Reliability: ${caption.run}`,
    [`calibration error ${ece.toFixed(3)} (dashed: none; bars: messages)`, counts(caption)],
    [
      {
        data: { values: bars },
        mark: { type: "bar", color: "#C9C9C9", binSpacing: 2 },
        encoding: {
          x: { ...x, field: "from", bin: { binned: true } },
          x2: { field: "to" },
          y: { ...y, field: "height" },
        },
      },
      { data: { values: honest }, mark: dashed, encoding },
      {
        data: { values: bins },
        mark: {
          type: "line",
          strokeWidth: 2.5,
          color: colours.train,
          point: { size: 70, filled: true, color: colours.train },
        },
        encoding: { ...encoding, order: { field: "meanScore" } },
      },
    ],
  );
}

export function confusionPlot(
  confusion: Confusion,
  threshold: number,
  caption: EvaluationPlotCaption,
): PlotSpec {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusion;
  const positives = truePositives + falseNegatives;
  const negatives = trueNegatives + falsePositives;
  const cell = (truth: string, called: string, count: number, all: number) => {
    const share = all === 0 ? 0 : count / all;
    return {
      truth,
      called,
      share,
      count: count.toLocaleString("en"),
      percent: `${(100 * share).toFixed(1)} % of row`,
    };
  };
  const [bullying, not] = ["cyberbullying", "not"];
  const values = [
    cell(bullying, bullying, truePositives, positives),
    cell(bullying, not, falseNegatives, positives),
    cell(not, bullying, falsePositives, negatives),
    cell(not, not, trueNegatives, negatives),
  ];
  const axis = { labelAngle: 0, domain: false, ticks: false, labelFontSize: 13, grid: false } as const;
  const encoding = {
    x: {
      field: "called",
      type: "nominal",
      title: "the detector says",
      sort: [bullying, not],
      axis: { ...axis, orient: "bottom" },
    },
    y: { field: "truth", type: "nominal", title: "it is", sort: [bullying, not], axis },
  } as const;
  const text = { condition: { test: "datum.share > 0.55", value: "white" }, value: colours.text };
  return {
    $schema: SCHEMA,
    title: {
      text: `Decisions: ${caption.run}`,
      subtitle: [`threshold ${Number(threshold.toFixed(4))}`, counts(caption)],
    },
    width: plotSize.square,
    height: plotSize.square * 0.75,
    data: { values },
    layer: [
      {
        mark: { type: "rect", stroke: "white", strokeWidth: 4 },
        encoding: {
          ...encoding,
          color: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, 1], range: ["#EAF2F8", colours.train] },
            legend: null,
          },
        },
      },
      {
        mark: { type: "text", fontSize: 26, fontWeight: "bold", dy: -8 },
        encoding: { ...encoding, text: { field: "count" }, color: text },
      },
      {
        mark: { type: "text", fontSize: 13, dy: 18 },
        encoding: { ...encoding, text: { field: "percent" }, color: text },
      },
    ],
  };
}

const dashed = { type: "line" as const, strokeDash: [6, 4], strokeWidth: 1.5, color: colours.muted };

function square(text: string, subtitle: string[], layer: Layers): PlotSpec {
  return {
    $schema: SCHEMA,
    title: { text, subtitle },
    width: plotSize.square,
    height: plotSize.square,
    layer,
  };
}

/** @param side - of the point, on which its label does not lie on the curve */
function operatingMark(
  point: RocPoint | PrecisionRecallPoint | undefined,
  encoding: object,
  side: "left" | "right",
): Layers {
  if (point === undefined) return [];
  const data = { values: [{ ...point, name: `threshold ${Number(point.threshold.toFixed(3))}` }] };
  return [
    {
      data,
      mark: {
        type: "point",
        shape: "diamond",
        size: 150,
        filled: true,
        opacity: 1,
        color: colours.validation,
      },
      encoding,
    },
    {
      data,
      mark: {
        type: "text",
        align: side === "right" ? "left" : "right",
        dx: side === "right" ? 10 : -10,
        dy: 16,
        fontSize: 12,
        fontWeight: "bold",
        color: colours.validation,
      },
      encoding: { ...encoding, text: { field: "name" } },
    },
  ];
}

function counts({ messages, positive }: EvaluationPlotCaption): string {
  return `${messages.toLocaleString("en")} ${agreeing(messages, "message", "messages")}, ${positive.toLocaleString("en")} cyberbullying`;
}

function figure(value: number | null): string {
  return value === null ? "not defined" : value.toFixed(3);
}

/** At most 500 points, the first and last among them; more cannot be told apart at this size. */
function thinned<T>(points: readonly T[]): T[] {
  const step = Math.max(1, Math.ceil(points.length / 500));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}
