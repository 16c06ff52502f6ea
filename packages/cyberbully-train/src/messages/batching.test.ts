import fc from "fast-check";
import { expect, it } from "vitest";
import { layOutTargets, layOutTokens, paddedLength } from "./batch.js";
import { planByLength, planEpoch, splitBatch } from "./batching.js";
import type { EncodedMessages } from "./encoded-messages.js";

const lengthsArbitrary = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 400 });
const planArbitrary = fc.record({
  batchSize: fc.integer({ min: 1, max: 20 }),
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  epoch: fc.integer({ min: 0, max: 50 }),
});

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const everyIndex = (lengths: readonly number[]): number[] => lengths.map((_, i) => i);

function messagesOf(rows: readonly (readonly number[])[], targets: readonly number[] = []): EncodedMessages {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + row.length;
  });
  return { ids: Int32Array.from(rows.flat()), offsets, targets: Float32Array.from(targets), truncated: 0 };
}

it("loses and repeats no message in an epoch, and fills every batch but one", () => {
  fc.assert(
    fc.property(lengthsArbitrary, planArbitrary, (lengths, plan) => {
      const batches = planEpoch(lengths, plan);
      expect(ascending(batches.flat())).toEqual(everyIndex(lengths));
      expect(batches.filter((batch) => batch.length !== plan.batchSize).length).toBeLessThanOrEqual(1);
      expect(batches).toHaveLength(Math.ceil(lengths.length / plan.batchSize));
    }),
  );
});

it("plans the same epoch from the same seed and number, and another from another", () => {
  const lengths = Array.from({ length: 300 }, (_, i) => (i * 7) % 31);
  const plan = { batchSize: 8, seed: 5, epoch: 2 };
  expect(planEpoch(lengths, plan)).toEqual(planEpoch(lengths, plan));
  expect(planEpoch(lengths, { ...plan, epoch: 3 })).not.toEqual(planEpoch(lengths, plan));
  expect(planEpoch(lengths, { ...plan, seed: 6 })).not.toEqual(planEpoch(lengths, plan));
});

it("computes less than a tenth of padding on messages as long as tweets are", () => {
  const lengths = Array.from({ length: 5000 }, (_, i) => 5 + ((i * 7919) % 50));
  const batches = planEpoch(lengths, { batchSize: 64, seed: 1, epoch: 0 });
  const computed = batches.reduce((sum, b) => sum + b.length * Math.max(...b.map((i) => lengths[i]!)), 0);
  expect(computed / lengths.reduce((a, b) => a + b, 0)).toBeLessThan(1.1);
});

it("cuts a batch into micro-batches of nearly equal size without losing a message", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1, maxLength: 70 }),
      fc.integer({ min: 1, max: 80 }),
      (batch, parts) => {
        const pieces = splitBatch(batch, parts);
        const sizes = pieces.map((piece) => piece.length);
        expect(pieces.flat()).toEqual(batch);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
      },
    ),
  );
});

it("scores every message once, in batches of at most so many tokens", () => {
  fc.assert(
    fc.property(lengthsArbitrary, fc.integer({ min: 1, max: 200 }), (lengths, maxTokens) => {
      const batches = planByLength(lengths, maxTokens);
      expect(ascending(batches.flat())).toEqual(everyIndex(lengths));
      for (const batch of batches) {
        const tokens = batch.length * Math.max(1, ...batch.map((i) => lengths[i]!));
        expect(batch.length === 1 || tokens <= maxTokens).toBe(true);
      }
    }),
  );
});

it("pads to the longest message of the batch, and gives an empty one a row of padding", () => {
  const messages = messagesOf([[5, 6, 7], [], [8]]);
  const { input, mask, positions } = layOutTokens(messages, [1, 0]);
  expect(input.shape).toEqual([2, 3]);
  expect(Array.from(input.data.slice(3))).toEqual([5, 6, 7]);
  expect(Array.from(mask.data)).toEqual([0, 0, 0, 1, 1, 1]);
  expect(Array.from(positions.data)).toEqual([0, 1, 2]);
  expect(paddedLength(messages, [1])).toBe(1);
});

it("drops the same tokens for the same seed, about as many as asked, and none when scoring", () => {
  const messages = messagesOf([Array.from({ length: 4000 }, (_, i) => i + 1)]);
  const dropped = (seed: number) =>
    layOutTokens(messages, [0], { tokenDropout: 0.25, replacement: 0, positionShift: 0, seed }).input.data;
  expect(dropped(3)).toEqual(dropped(3));
  expect(dropped(3)).not.toEqual(dropped(4));
  const zeros = dropped(3).filter((id) => id === 0).length;
  expect(zeros).toBeGreaterThan(850); // 1,000 expected, standard deviation 27
  expect(zeros).toBeLessThan(1150);
  expect(layOutTokens(messages, [0]).input.data).toEqual(messages.ids);
});

it("lays out smoothed and soft targets with the weights of their labels", () => {
  const messages = messagesOf([[1], [2], [3]], [1, 0, 0.25]);
  const { targets, weights } = layOutTargets(messages, [0, 1, 2], {
    labelSmoothing: 0.5,
    classWeights: [2, 4],
  });
  expect(Array.from(targets.data)).toEqual([0.25, 0.75, 0.75, 0.25, 0.625, 0.375]);
  expect(Array.from(weights.data)).toEqual([4, 2, 2.5]);
});

it("begins messages at positions up to the shift while training, at the first when scoring", () => {
  const messages = messagesOf([[1, 2, 3]]);
  const startOf = (seed: number) =>
    layOutTokens(messages, [0], { tokenDropout: 0, replacement: 0, positionShift: 4, seed }).positions
      .data[0];
  const starts = new Set(Array.from({ length: 200 }, (_, seed) => startOf(seed)));
  expect([...starts].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(layOutTokens(messages, [0]).positions.data[0]).toBe(0);
});
