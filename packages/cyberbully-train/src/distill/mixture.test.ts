import { describe, expect, it } from "vitest";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { type EncodedSource, mixTexts, planMixedEpoch } from "./mixture.js";
import { parseRecipe } from "./recipe.js";

function source(name: string, lengths: readonly number[]): EncodedSource {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    offsets[i + 1] = offsets[i]! + length;
  });
  const messages: EncodedMessages = {
    ids: new Int32Array(offsets[lengths.length]!),
    offsets,
    targets: new Float32Array(lengths.length),
    truncated: 0,
  };
  const texts = lengths.map(() => "");
  const labels = new Uint8Array(lengths.length);
  const read = { texts, labels, groups: undefined, sha256: "", badRows: 0, droppedRows: 0, firstRow: 0 };
  return { source: { ...read, name, file: name, scores: undefined, vectors: undefined }, messages };
}

const sources = new Map([
  [
    "many",
    source(
      "many",
      Array.from({ length: 5000 }, (_, i) => (i * 7) % 30),
    ),
  ],
  ["few", source("few", [3, 50, 0, 9])],
]);

const [phase] = parseRecipe({
  name: "tiny",
  model: { numLayers: 1, width: 8, numHeads: 2, contextLength: 64 },
  sources: { many: { file: "a.csv" }, few: { file: "b.csv" } },
  phases: [
    {
      name: "p",
      mixture: [
        { source: "many", repeat: 0.4 },
        { source: "few", repeat: 2 },
      ],
      losses: { hard: 1 },
      epochs: 1,
      learningRate: 0.01,
    },
  ],
  validation: { sets: { v: { file: "c.csv" } }, calibrateOn: "v" },
}).phases;
const mixture = mixTexts(phase!, sources);
const order = { tokensPerBatch: 120, seed: 1, phase: 0, epoch: 0 };

describe("planMixedEpoch", () => {
  it("repeats texts as often as their source says, parts of one by chance", () => {
    const plan = planMixedEpoch(mixture, order).flat();
    const few = plan.filter((text) => text >= 5000).sort();
    expect(few).toEqual([5000, 5000, 5001, 5001, 5002, 5002, 5003, 5003]);
    const many = plan.filter((text) => text < 5000);
    expect(new Set(many).size).toBe(many.length);
    // binomial with n = 5000, p = 0.4: standard deviation 35
    expect(Math.abs(many.length - 2000)).toBeLessThan(150);
  });

  it("keeps every batch within its tokens, padding counted, but for a text that is longer by itself", () => {
    for (const batch of planMixedEpoch(mixture, { ...order, tokensPerBatch: 40 })) {
      const longest = Math.max(1, ...batch.map((text) => mixture.lengths[text]!));
      expect(longest * batch.length <= 40 || batch.length === 1).toBe(true);
    }
  });

  it("depends on seed, phase and epoch alone", () => {
    const same = planMixedEpoch(mixture, order);
    expect(planMixedEpoch(mixture, { ...order })).toEqual(same);
    for (const other of [{ seed: 2 }, { phase: 1 }, { epoch: 1 }])
      expect(planMixedEpoch(mixture, { ...order, ...other })).not.toEqual(same);
  });
});
