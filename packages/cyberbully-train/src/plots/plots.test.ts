import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDataRandom } from "../data/random.js";
import { precisionRecallCurve, reliabilityBins, rocCurve } from "../metrics/curves.js";
import { measure, rankScores } from "../metrics/ranked-scores.js";
import { confusionPlot, precisionRecallPlot, reliabilityPlot, rocPlot } from "./evaluation-plots.js";
import { type PlotSpec, renderPlot, writePlot } from "./render.js";
import { textWidth } from "./text-width.js";
import { accuracyPlot, type CurvePoint, lossPlot } from "./training-plots.js";

const folder = mkdtempSync(join(tmpdir(), "btp-plots-"));
afterAll(() => rmSync(folder, { recursive: true }));

const random = createDataRandom(4);
const labels = Uint8Array.from({ length: 400 }, () => (random() < 0.4 ? 1 : 0));
const scores = Float64Array.from(labels, (label) => (label + 2 * random()) / 3);
const ranked = rankScores(labels, scores, 0.5);
const measured = measure(ranked);
const caption = {
  run: "a detector on some.csv",
  messages: 400,
  positive: labels.reduce((sum, label) => sum + label, 0),
};
const roc = rocCurve(ranked);
const curveOf = (length: number): CurvePoint[] =>
  Array.from({ length }, (_, i) => ({ epoch: (3 * (i + 1)) / length, value: 1 / (i + 2) }));
const training = { run: "compact GPT on some.csv", trainMessages: 11_003, validationMessages: 3_250 };

const plots: Readonly<Record<string, PlotSpec>> = {
  loss: lossPlot({ train: curveOf(2_000), validation: curveOf(12) }, training),
  accuracy: accuracyPlot({ train: curveOf(3), validation: curveOf(3) }, { ...training, bestEpoch: 2 }),
  roc: rocPlot(roc, measured.rocAuc, caption, roc[20]),
  precisionRecall: precisionRecallPlot(precisionRecallCurve(ranked), measured.prAuc, caption),
  reliability: reliabilityPlot(reliabilityBins(labels, scores), measured.ece, caption),
  confusion: confusionPlot(measured.confusion, 0.5, caption),
};

/** Every line of text of an SVG, joined. */
function textsOf(svg: string): string {
  return [...svg.matchAll(/>([^<>]+)<\/(?:text|tspan)>/g)].map(([, text]) => text).join(" | ");
}

describe.each(Object.entries(plots))("the %s plot", (_, spec) => {
  it("shows its title, counts and axes, in a PNG of twice the SVG's size", async () => {
    const { svg, png } = await renderPlot(spec);
    const texts = textsOf(svg);
    expect(texts).toMatch(/: (?:compact GPT|a detector) on some\.csv/);
    expect(texts).toMatch(/11,003 training and 3,250 validation messages|400 messages, \d+ cyberbullying/);
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe("PNG");
    const width = Number(/width="(\d+)"/.exec(svg)?.[1]);
    expect(Buffer.from(png).readUInt32BE(16)).toBe(2 * width);
    // Thinned: thousands of points would make the file a burden.
    expect(svg.length).toBeLessThan(80_000);
  });
});

describe("plots", () => {
  it("draw text with the bundled font, whatever fonts the machine has", async () => {
    const named = (run: string) => renderPlot(confusionPlot(measured.confusion, 0.5, { ...caption, run }));
    const [one, other] = await Promise.all([named("AAAA"), named("BBBB")]);
    expect(Buffer.compare(one.png, other.png)).not.toBe(0);
  });

  it("mark the kept epoch, or the best where none is named", () => {
    const curve = {
      train: [],
      validation: [
        { epoch: 1, value: 0.6 },
        { epoch: 2, value: 0.4 },
        { epoch: 3, value: 0.5 },
      ],
    };
    expect(JSON.stringify(lossPlot(curve, training))).toContain(
      '"data":{"values":[{"epoch":2,"value":0.4}]}',
    );
    const kept = accuracyPlot(curve, { ...training, bestEpoch: 3 });
    expect(JSON.stringify(kept)).toContain('"data":{"values":[{"epoch":3,"value":0.5}]}');
    expect(JSON.stringify(kept)).toContain("kept: epoch 3");
  });

  it("leave out values that cannot be drawn, and draw nothing without complaint", async () => {
    const broken = lossPlot({ train: [{ epoch: 1, value: Number.NaN }], validation: [] }, training);
    expect((await renderPlot(broken)).svg).not.toContain("NaN");
    const empty = rocPlot([], null, caption);
    expect(textsOf((await renderPlot(empty)).svg)).toContain("area not defined");
  });

  it("are written whole, as SVG and PNG", async () => {
    const written = await writePlot(join(folder, "loss-plot"), plots.loss!);
    expect(written).toEqual([join(folder, "loss-plot.svg"), join(folder, "loss-plot.png")]);
    expect(readdirSync(folder).sort()).toEqual(["loss-plot.png", "loss-plot.svg"]);
    expect(readFileSync(written[0]!, "utf8")).toContain("</svg>");
  });
});

describe("text widths", () => {
  it("grow with length, size and weight", () => {
    expect(textWidth({ fontSize: 10 }, "abcdefghij")).toBe(59);
    expect(textWidth({ fontSize: 10, fontWeight: "bold" }, "abcdefghij")).toBe(66);
    expect(textWidth({}, null)).toBe(0);
  });
});
