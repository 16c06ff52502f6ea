/** How all plots look: sizes, the bundled font, and colours that stay apart for colour-blind readers and in grey print. */
import type { Config } from "vega-lite";

/** DejaVu Sans is drawn into PNGs from the npm package; viewers of SVGs take the next that they have. */
export const fontFamily = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/** Okabe and Ito 2008, Color Universal Design. */
export const colours = {
  train: "#0072B2",
  validation: "#D55E00",
  mark: "#009E73",
  muted: "#767676",
  text: "#222222",
  grid: "#E3E3E3",
} as const;

export const plotSize = { width: 620, height: 360, square: 400 } as const;

export const theme: Config = {
  background: "white",
  font: fontFamily,
  padding: 16,
  title: {
    anchor: "start",
    color: colours.text,
    fontSize: 17,
    fontWeight: "bold",
    subtitleColor: "#555555",
    subtitleFontSize: 12,
    subtitlePadding: 5,
    offset: 14,
    frame: "group",
  },
  axis: {
    labelColor: colours.text,
    labelFontSize: 12,
    titleColor: colours.text,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 9,
    gridColor: colours.grid,
    domainColor: "#999999",
    tickColor: "#999999",
  },
  legend: {
    labelColor: colours.text,
    labelFontSize: 12,
    labelLimit: 400,
    title: null,
    symbolStrokeWidth: 3,
    symbolSize: 160,
  },
  view: { stroke: null },
};
