import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findDuplicates, findOverlap } from "../duplicates.js";
import type { Example } from "../example.js";
import { createDataRandom } from "../random.js";
import { formatCsv } from "../write-csv.js";
import { expandTemplate } from "./expand.js";
import { generateSynthetic, type SyntheticRow, syntheticParts } from "./generate.js";
import { harmfulKinds } from "./harmful-templates.js";
import { harmlessKinds } from "./harmless-templates.js";
import { lexicon } from "./lexicon.js";
import { addNoise } from "./noise.js";
import { harmfulTails, harmlessTails } from "./tails.js";

/** The seed of the committed files: the default of tools/make-dataset.mjs. */
const sample = generateSynthetic(2026);
const datasets = new URL("../../../../../datasets/synthetic/", import.meta.url);
const examplesOf = (rows: readonly SyntheticRow[]): Example[] =>
  rows.map((row, i) => ({ ...row, line: i + 2 }));
const all = syntheticParts.flatMap((part) => sample[part]);

describe("the synthetic sample", () => {
  it.each(syntheticParts)(
    "in datasets/synthetic/%s.csv is what the generator writes, byte for byte",
    (part) => {
      expect(readFileSync(new URL(`${part}.csv`, datasets), "utf8") === formatCsv(sample[part])).toBe(true);
    },
  );

  it("is another for another seed", () => {
    expect(formatCsv(generateSynthetic(1).test)).not.toBe(formatCsv(sample.test));
  });

  it("is about 4,000 messages, half of them bullying in every part, and small", () => {
    expect(all.length).toBeGreaterThan(3_900);
    for (const part of syntheticParts) {
      const share = sample[part].filter(({ label }) => label === 1).length / sample[part].length;
      expect(Math.abs(share - 0.5)).toBeLessThan(0.03);
    }
    expect(Buffer.byteLength(formatCsv(all))).toBeLessThan(600_000);
  });

  it("repeats nothing, and its parts share not even near repeats", () => {
    expect(findDuplicates(examplesOf(all))).toMatchObject({ exact: 0, normalised: 0, conflictingRows: 0 });
    const train = examplesOf(sample.train);
    for (const part of ["validation", "test"] as const)
      expect(findOverlap(train, examplesOf(sample[part])).pairs).toEqual([]);
  });

  it("cannot be decided by one word", () => {
    const words = new Map<string, [number, number]>();
    for (const { text, label } of all)
      for (const word of new Set(text.toLowerCase().match(/\p{L}+/gu))) {
        const counts = words.get(word) ?? [0, 0];
        counts[label]++;
        words.set(word, counts);
      }
    const positives = all.filter(({ label }) => label === 1).length;
    // Accuracy of "bullying if and only if the word is in it", or its opposite.
    const best = Math.max(
      ...[...words.values()].map(([harmless, harmful]) => {
        const right = (harmful + (all.length - positives - harmless)) / all.length;
        return Math.max(right, 1 - right);
      }),
    );
    expect(best).toBeLessThan(0.7);
  });
});

describe("templates", () => {
  const templates = [...harmfulKinds, ...harmlessKinds].flatMap(({ templates: list }) => list);
  const everything = [...templates, ...harmfulTails, ...harmlessTails];

  it("are all different", () => {
    expect(new Set(templates).size).toBe(templates.length);
  });

  it("name only lists that the lexicon has, and leave no sign of the notation", () => {
    const random = createDataRandom(1);
    for (const template of everything)
      for (let i = 0; i < 5; i++) expect(expandTemplate(template, random)).not.toMatch(/[{}|]|^\s|\s$| {2}/);
    expect(() => expandTemplate("{unknown}", random)).toThrow(RangeError);
  });

  it("use every list of the lexicon", () => {
    const text = everything.join(" ");
    const unused = Object.keys(lexicon).filter(
      (name) => !text.includes(`{${name}}`) && !text.includes(`{a:${name}}`),
    );
    expect(unused).toEqual([]);
  });

  it("take the article that the word asks for", () => {
    const random = createDataRandom(2);
    for (let i = 0; i < 50; i++)
      expect(expandTemplate("{a:insult}", random)).toMatch(/^(?:an [aeiou]|a [^aeiou])/);
  });
});

describe("noise", () => {
  it("treats a message alike whatever its label: it never sees one", () => {
    const noisy = Array.from({ length: 200 }, (_, i) =>
      addNoise("you are so late today", createDataRandom(i)),
    );
    expect(new Set(noisy).size).toBeGreaterThan(60);
    expect(noisy).toContain("you are so late today");
    expect(noisy.some((text) => text.startsWith("@"))).toBe(true);
  });

  it("leaves a message without letters alone", () => {
    for (let i = 0; i < 50; i++) expect(addNoise("?!", createDataRandom(i))).toContain("?!");
  });
});
