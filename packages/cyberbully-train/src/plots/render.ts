/**
 * Vega-Lite specifications to SVG and PNG, without a browser and without fonts of the machine. The libraries (some 30 MB)
 * are loaded at the first plot, so that nobody else pays for them.
 */
import { randomUUID } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { TopLevelSpec } from "vega-lite";
import { measureAsDejaVu } from "./text-width.js";
import { theme } from "./theme.js";

export type PlotSpec = TopLevelSpec;

export interface RenderedPlot {
  readonly svg: string;
  /** Twice the SVG's size, for sharp text on screens of today. */
  readonly png: Uint8Array;
}

const PNG_SCALE = 2;

export async function renderPlot(spec: PlotSpec): Promise<RenderedPlot> {
  const svg = await renderSvg(spec);
  return { svg, png: await renderPng(svg) };
}

/** Writes `<path>.svg` and `<path>.png`, each whole or not at all. @param path - without extension */
export async function writePlot(path: string, spec: PlotSpec): Promise<readonly string[]> {
  const { svg, png } = await renderPlot(spec);
  return [await writeWhole(`${path}.svg`, svg), await writeWhole(`${path}.png`, png)];
}

async function renderSvg(spec: PlotSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  measureAsDejaVu(vega);
  const { spec: compiled } = vegaLite.compile(spec, { config: theme, logger: vega.logger(vega.Error) });
  // Data are given inline; a loader would open files and addresses.
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
    resolve(`dejavu-fonts-ttf/ttf/${name}`),
  );
  const resvg = new Resvg(svg, {
    fitTo: { mode: "zoom", value: PNG_SCALE },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: "DejaVu Sans" },
  });
  return resvg.render().asPng();
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<string> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  await writeFile(temporary, content, { flag: "wx" });
  await rename(temporary, path);
  return path;
}
