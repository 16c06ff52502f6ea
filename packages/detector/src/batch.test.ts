import fc from "fast-check";
import { expect, it } from "vitest";
import { defaultBatchLimits, paddedInAttention, planBatches } from "./batch.js";

const lengthsArbitrary = fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 300 });
const limitsArbitrary = fc.record({
  maxTokens: fc.integer({ min: 1, max: 3000 }),
  maxRows: fc.integer({ min: 1, max: 64 }),
});

it("puts every message into exactly one batch", () => {
  fc.assert(
    fc.property(lengthsArbitrary, limitsArbitrary, (lengths, limits) => {
      const positions = planBatches(lengths, limits).flat();
      expect(positions.toSorted((a, b) => a - b)).toEqual(lengths.map((_, position) => position));
    }),
  );
});

it("keeps each batch within rows and padded tokens, unless one row alone is longer", () => {
  fc.assert(
    fc.property(lengthsArbitrary, limitsArbitrary, (lengths, limits) => {
      for (const batch of planBatches(lengths, limits)) {
        const longest = Math.max(1, ...batch.map((position) => lengths[position]!));
        expect(batch.length).toBeLessThanOrEqual(limits.maxRows);
        if (batch.length > 1) expect(batch.length * longest).toBeLessThanOrEqual(limits.maxTokens);
      }
    }),
  );
});

it("computes neighbours in length together", () => {
  expect(planBatches([30, 2, 31, 3], { maxTokens: 62, maxRows: 8 })).toEqual([
    [1, 3],
    [0, 2],
  ]);
});

it("plans nothing for an empty list", () => {
  expect(planBatches([])).toEqual([]);
});

it("cuts a few messages of mixed lengths where padding would cost more than another batch", () => {
  const short = new Array<number>(20).fill(10);
  expect(planBatches([...short, 60]).map((batch) => batch.length)).toEqual([20, 1]);
  expect(planBatches([10, 12, 11]).map((batch) => batch.length)).toEqual([3]);
});

it("keeps them together where padding costs little, unless one is so long that attention pays for it", () => {
  const plan = (longest: number) =>
    planBatches([...new Array<number>(20).fill(10), longest], defaultBatchLimits, paddedInAttention);
  expect(plan(25).map((batch) => batch.length)).toEqual([21]);
  expect(plan(90).map((batch) => batch.length)).toEqual([20, 1]);
});

it("never costs more than filling batches in order of length", () => {
  const padded = (batches: number[][], lengths: number[]) =>
    batches.reduce(
      (sum, batch) => sum + 32 + batch.length * Math.max(1, ...batch.map((i) => lengths[i]!)),
      0,
    );
  fc.assert(
    fc.property(lengthsArbitrary, limitsArbitrary, (lengths, limits) => {
      const order = lengths.map((_, i) => i).toSorted((a, b) => lengths[a]! - lengths[b]!);
      const filled: number[][] = [];
      for (const i of order) {
        const last = filled.at(-1);
        const fits =
          last && last.length < limits.maxRows && (last.length + 1) * lengths[i]! <= limits.maxTokens;
        if (fits) last.push(i);
        else filled.push([i]);
      }
      expect(padded(planBatches(lengths, limits), lengths)).toBeLessThanOrEqual(padded(filled, lengths));
    }),
  );
});
