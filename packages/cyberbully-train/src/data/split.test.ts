import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findOverlap } from "./duplicates.js";
import type { Example } from "./example.js";
import { groupExamples } from "./groups.js";
import { splitExamples } from "./split.js";

const words = ["red", "blue", "tall", "small", "cat", "dog", "runs", "sits", "here", "there"];
const text = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(" "));
const examplesOf = (rows: readonly { readonly text: string; readonly label: 0 | 1 }[]): Example[] =>
  rows.map((row, i) => ({ ...row, line: i + 2 }));
const sets = fc
  .array(fc.record({ text, label: fc.constantFrom(0 as const, 1 as const) }), {
    minLength: 40,
    maxLength: 120,
  })
  .map(examplesOf);
const lines = (part: readonly Example[]): number[] => part.map(({ line }) => line);

/** Distinct words, so that nothing is related. */
const unrelated = examplesOf(
  Array.from({ length: 1_000 }, (_, i) => ({
    text: `message${i} number${i}`,
    label: i % 4 === 0 ? (1 as const) : (0 as const),
  })),
);

describe("splitting", () => {
  it("loses and repeats nothing, keeps order, and never parts a group", () => {
    fc.assert(
      fc.property(sets, fc.integer(), (examples, seed) => {
        const split = splitExamples(examples, { seed, validation: 0.25 });
        const together = [...split.train, ...split.validation, ...split.test];
        expect(lines(together).sort((a, b) => a - b)).toEqual(lines(examples));
        expect(lines(split.train)).toEqual(lines(split.train).sort((a, b) => a - b));
        const groups = groupExamples(examples);
        const trained = new Set(lines(split.train).map((line) => groups[line - 2]));
        expect(lines(split.validation).some((line) => trained.has(groups[line - 2]))).toBe(false);
        expect(findOverlap(split.train, split.validation).pairs).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("takes the wanted shares of both labels", () => {
    const { train, validation, test } = splitExamples(unrelated, { seed: 7, validation: 0.2, test: 0.1 });
    const positives = (part: readonly Example[]): number => part.filter(({ label }) => label === 1).length;
    expect([train, validation, test].map((part) => part.length)).toEqual([700, 200, 100]);
    expect([train, validation, test].map(positives)).toEqual([175, 50, 25]);
  });

  it("is the same for the same seed and another for another", () => {
    const cut = (seed: number): number[] => lines(splitExamples(unrelated, { seed }).validation);
    expect(cut(1)).toEqual(cut(1));
    expect(cut(1)).not.toEqual(cut(2));
  });

  it("keeps examples of one key together", () => {
    const keyOf = (example: Example): string => String(example.line % 10);
    const { validation } = splitExamples(unrelated, { seed: 1, validation: 0.3, keyOf });
    expect(new Set(validation.map(keyOf)).size).toBe(3);
    expect(validation).toHaveLength(300);
  });

  it.each([
    { validation: 1 },
    { validation: -0.1 },
    { validation: 0.5, test: 0.5 },
    { validation: Number.NaN },
  ])("refuses the shares %j", (shares) => {
    expect(() => splitExamples(unrelated, { seed: 1, ...shares })).toThrow(/shares/);
  });

  it("refuses a part that would stay empty", () => {
    const copies = examplesOf(
      Array.from({ length: 20 }, () => ({ text: "all the same", label: 0 as const })),
    );
    expect(() => splitExamples(copies, { seed: 1 })).toThrow(/1 group of related messages/);
  });
});

describe("groups", () => {
  it("join copies, near copies and chains of them", () => {
    const base = "one two three four five six seven eight nine ten";
    const rows = [base, "apart", `@x ${base}!`, `${base} eleven twelve`, "ONE two three", "apart."];
    const groups = groupExamples(examplesOf(rows.map((row) => ({ text: row, label: 0 }))));
    expect([...groups]).toEqual([0, 1, 0, 0, 4, 1]);
  });
});
