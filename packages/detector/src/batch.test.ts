import fc from "fast-check";
import { expect, it } from "vitest";
import { planBatches } from "./batch.js";

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
