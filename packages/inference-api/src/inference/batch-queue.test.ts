import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchQueue, type QueueItem } from "./batch-queue.js";

const limits = { capacity: 100, maxCharacters: 1000, maxBatchSize: 4, maxBatchTokens: 64 };

function item(tokens: number, isSuspect = false): QueueItem {
  return { text: "x".repeat(tokens), tokens, isSuspect };
}

describe("BatchQueue", () => {
  it("lets the oldest message lead, and fills its batch with those nearest in length", () => {
    const queue = new BatchQueue(limits);
    const [first, far, near, nearest] = [item(10), item(30), item(12), item(11)];
    for (const entry of [first, far, near, nearest]) queue.push(entry!);
    expect(queue.take()).toEqual([first, nearest, near]);
    expect(queue.take()).toEqual([far]);
    expect(queue.take()).toEqual([]);
  });

  it("counts padding against the token budget, and runs a message beyond it alone", () => {
    const queue = new BatchQueue(limits);
    const [long, short] = [item(100), item(5)];
    queue.push(long);
    queue.push(short);
    expect(queue.take()).toEqual([long]);
    expect(queue.take()).toEqual([short]);
  });

  it("shares the waiting messages out between idle workers", () => {
    const queue = new BatchQueue(limits);
    for (let i = 0; i < 4; i++) queue.push(item(3));
    expect(queue.take(2)).toHaveLength(2);
    expect(queue.take(1)).toHaveLength(2);
  });

  it("runs a message that failed before first and alone", () => {
    const queue = new BatchQueue(limits);
    const failed = item(3, true);
    queue.push(item(3));
    queue.push(failed);
    queue.push(item(3));
    expect(queue.take()).toEqual([failed]);
    expect(queue.take()).toHaveLength(2);
  });

  it("refuses beyond its count and beyond its characters, and a removed message frees its place", () => {
    const queue = new BatchQueue({ ...limits, capacity: 2, maxCharacters: 10 });
    const first = item(6);
    queue.push(first);
    expect(queue.fits(1, 4)).toBe(true);
    expect(queue.fits(1, 5)).toBe(false);
    expect(queue.fits(2, 0)).toBe(false);
    expect(queue.remove(first)).toBe(true);
    expect(queue.remove(first)).toBe(false);
    expect(queue.fits(2, 10)).toBe(true);
    expect(queue.characters).toBe(0);
  });

  it("hands out every message exactly once, within the limits, the oldest always in the next batch", () => {
    const entries = fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 80 }), failed: fc.boolean() }));
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 5 }), (specs, idle) => {
        const queue = new BatchQueue(limits);
        const items = specs.map(({ tokens, failed }) => item(tokens, failed));
        for (const entry of items) queue.push(entry);
        const left = new Set(items);
        while (queue.size > 0) {
          const batch = queue.take(idle);
          const oldest = [...left].find((entry) => entry.isSuspect) ?? [...left][0];
          expect(batch).toContain(oldest);
          expect(batch.length).toBeLessThanOrEqual(limits.maxBatchSize);
          const padded = batch.length * Math.max(...batch.map((entry) => entry.tokens));
          if (batch.length > 1) expect(padded).toBeLessThanOrEqual(limits.maxBatchTokens);
          for (const entry of batch) expect(left.delete(entry)).toBe(true);
        }
        expect(left.size).toBe(0);
        expect(queue.characters).toBe(0);
      }),
    );
  });
});
