/** The plots of a training run: loss and accuracy, training against validation. Makes specifications; render.ts draws. */
import { agreeing } from "../counted.js";
import type { PlotSpec } from "./render.js";
import { colours, plotSize } from "./theme.js";

export interface CurvePoint {
  /** Epochs done, with fractions: 1.5 is half-way through the second. */
  readonly epoch: number;
  readonly value: number;
}

export interface TrainingCurve {
  readonly train: readonly CurvePoint[];
  readonly validation: readonly CurvePoint[];
}

export interface TrainingPlotCaption {
  /** What was trained on what, for example "compact GPT on my-data.csv". */
  readonly run: string;
  readonly trainMessages: number;
  readonly validationMessages: number;
  /** Epoch whose weights were kept. */
  readonly bestEpoch?: number;
}

/** More points than pixels only make the file large. */
const MAX_POINTS = 600;
/** From so many points on, a single batch says little, and a smoothed line is drawn over a faint one. */
const SMOOTHED_FROM = 30;

/** Cross-entropy in nats. */
export function lossPlot(curve: TrainingCurve, caption: TrainingPlotCaption): PlotSpec {
  const formats = { format: ".3f", axisFormat: ".2f" };
  return trainingPlot(curve, caption, {
    title: "Loss",
    axis: "cross-entropy (nats)",
    best: "lowest",
    ...formats,
  });
}

/** Shares from 0 to 1, drawn in percent. */
export function accuracyPlot(curve: TrainingCurve, caption: TrainingPlotCaption): PlotSpec {
  const formats = { format: ".1%", axisFormat: ".0%" };
  return trainingPlot(curve, caption, {
    title: "Accuracy",
    axis: "messages decided rightly",
    best: "highest",
    ...formats,
  });
}

interface Quantity {
  readonly title: string;
  readonly axis: string;
  readonly best: "lowest" | "highest";
  readonly format: string;
  readonly axisFormat: string;
}

function trainingPlot(curve: TrainingCurve, caption: TrainingPlotCaption, quantity: Quantity): PlotSpec {
  const train = thin(curve.train.filter(isDrawable));
  const validation = thin(curve.validation.filter(isDrawable));
  const smoothed = train.length >= SMOOTHED_FROM ? smooth(train) : train;
  const names = { train: smoothed === train ? "training" : "training (smoothed)", validation: "validation" };
  const best = bestPoint(validation, quantity.best, caption.bestEpoch);
  const values = [
    ...smoothed.map((point) => ({ ...point, curve: names.train })),
    ...validation.map((point) => ({ ...point, curve: names.validation })),
  ];
  const epochs = Math.max(1, ...[...train, ...validation].map(({ epoch }) => epoch));
  const epochAxis = {
    format: "~g",
    labelFlush: false,
    tickCount: Math.min(10, Math.ceil(epochs)),
    tickMinStep: epochs >= 2 ? 1 : 0.1,
  };
  const encoding = {
    x: {
      field: "epoch",
      type: "quantitative",
      title: "epoch",
      scale: { nice: false, zero: true },
      axis: epochAxis,
    },
    y: {
      field: "value",
      type: "quantitative",
      title: quantity.axis,
      scale: { zero: false },
      axis: { format: quantity.axisFormat },
    },
  } as const;
  const named = {
    field: "curve",
    type: "nominal",
    legend: { orient: "top", direction: "horizontal", offset: 4, symbolType: "stroke", symbolSize: 700 },
  } as const;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: `${quantity.title}: ${caption.run}`, subtitle: subtitle(caption) },
    width: plotSize.width,
    height: plotSize.height,
    layer: [
      ...(smoothed === train
        ? []
        : [
            {
              data: { values: train },
              mark: { type: "line", color: colours.train, opacity: 0.22, strokeWidth: 1 },
              encoding,
            } as const,
          ]),
      {
        data: { values },
        mark: { type: "line", strokeWidth: 2.5 },
        encoding: {
          ...encoding,
          color: {
            ...named,
            scale: { domain: [names.train, names.validation], range: [colours.train, colours.validation] },
          },
          strokeDash: {
            ...named,
            scale: {
              domain: [names.train, names.validation],
              range: [
                [1, 0],
                [7, 3],
              ],
            },
          },
        },
      },
      ...(validation.length > 60
        ? []
        : [
            {
              data: { values: validation },
              mark: { type: "point", size: 40, filled: true, opacity: 1, color: colours.validation },
              encoding,
            } as const,
          ]),
      ...(best === undefined ? [] : bestMark(best, quantity, encoding)),
    ],
  };
}

function bestMark(
  best: CurvePoint,
  quantity: Quantity,
  encoding: object,
): Extract<PlotSpec, { layer: unknown }>["layer"] {
  const data = { values: [best] };
  return [
    {
      data,
      mark: { type: "point", shape: "diamond", size: 150, color: colours.mark, filled: true, opacity: 1 },
      encoding,
    },
    {
      data,
      mark: {
        type: "text",
        dy: quantity.best === "lowest" ? 20 : -18,
        align: "center",
        color: colours.mark,
        fontSize: 12,
        fontWeight: "bold",
      },
      encoding: { ...encoding, text: { field: "value", type: "quantitative", format: quantity.format } },
    },
  ];
}

function subtitle({ trainMessages, validationMessages, bestEpoch }: TrainingPlotCaption): string {
  const kept = bestEpoch === undefined ? "" : `; kept: epoch ${Number(bestEpoch.toFixed(2))}`;
  return `${trainMessages.toLocaleString("en")} training and ${validationMessages.toLocaleString("en")} validation ${agreeing(validationMessages, "message", "messages")}${kept}`;
}

function bestPoint(
  points: readonly CurvePoint[],
  best: "lowest" | "highest",
  epoch?: number,
): CurvePoint | undefined {
  if (epoch !== undefined) return points.find((point) => Math.abs(point.epoch - epoch) < 1e-9);
  const sign = best === "lowest" ? 1 : -1;
  return points.reduce<CurvePoint | undefined>(
    (found, point) => (found === undefined || sign * point.value < sign * found.value ? point : found),
    undefined,
  );
}

function isDrawable({ epoch, value }: CurvePoint): boolean {
  return Number.isFinite(epoch) && Number.isFinite(value);
}

/** Means of equal runs of points, so that nothing is skipped. */
function thin(points: readonly CurvePoint[]): readonly CurvePoint[] {
  if (points.length <= MAX_POINTS) return points;
  const run = Math.ceil(points.length / MAX_POINTS);
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    return {
      epoch: part.at(-1)!.epoch,
      value: part.reduce((sum, { value }) => sum + value, 0) / part.length,
    };
  });
}

/** Exponential moving average over about a twentieth of the points, corrected for its start as in Adam. */
function smooth(points: readonly CurvePoint[]): readonly CurvePoint[] {
  const keep = 1 - 1 / Math.max(2, points.length / 20);
  let mean = 0;
  let weight = 0;
  return points.map(({ epoch, value }) => {
    mean = keep * mean + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return { epoch, value: mean / weight };
  });
}
