import { gptConfigs } from "@btp/core-gpt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planMicroBatches, stepBytes } from "./micro-batches.js";

const gpt2 = gptConfigs.gpt2;
const lastBlock = { kind: "top", firstBlock: 11 } as const;
const everything = { kind: "everything", firstBlock: 0 } as const;
const values = { accumulate: 1, batchSize: 64, stepMemory: 2, languageModelWeight: 0 };

describe("stepBytes", () => {
  it.each([
    // Resident memory beyond that of a step of short messages, measured with the last block of the 124M shape trained
    [230, 1.7],
    [512, 6.9],
  ])("is what was measured for 64 messages of up to %i tokens", (longest, gigabytes) => {
    const lengths = Array.from({ length: 64 }, (_, i) => Math.round(longest * (0.3 + (0.7 * i) / 63)));
    const told = stepBytes(gpt2, lastBlock, lengths, false) / 1e9;
    expect(Math.abs(told / gigabytes - 1)).toBeLessThan(0.2);
  });

  it("counts trained blocks, predicted tokens, and padding in attention alone", () => {
    const of = stepBytes;
    expect(of(gpt2, everything, [30, 60], false)).toBe(12 * of(gpt2, lastBlock, [30, 60], false));
    expect(of(gpt2, everything, [60], true)).toBeGreaterThan(of(gpt2, everything, [60], false) + 36e6 - 1);
    const withoutAttention = { ...gpt2, numHeads: 0 };
    expect(of(withoutAttention, lastBlock, [30, 60], false)).toBe(
      of(withoutAttention, lastBlock, [90], false),
    );
    expect(of(gpt2, lastBlock, [30, 60], false)).toBeLessThan(of(gpt2, lastBlock, [60, 60], false));
    expect(of(gpt2, { kind: "head", firstBlock: 12 }, [512], false)).toBe(0);
  });
});

describe("planMicroBatches", () => {
  it("keeps short messages in one part, and cuts the longest until each part fits", () => {
    const lengths = Int32Array.from([...new Array<number>(64).fill(20), ...new Array<number>(64).fill(512)]);
    const plan = planMicroBatches(values, gpt2, lastBlock, lengths);
    expect(plan.accumulates).toBe(true);
    const [short, long] = [0, 64].map((from) => Array.from({ length: 64 }, (_, i) => from + i));
    expect(plan.split(short!)).toEqual([short]);
    const parts = plan.split(long!);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.flat()).toEqual(long);
    for (const part of parts)
      expect(stepBytes(gpt2, lastBlock, new Array<number>(part.length).fill(512), false)).toBeLessThan(2e9);
  });

  it("needs no sum of gradients where even the longest messages fit together", () => {
    const lengths = new Int32Array(100).fill(96);
    expect(planMicroBatches(values, gpt2, lastBlock, lengths).accumulates).toBe(false);
    expect(planMicroBatches({ ...values, accumulate: 2 }, gpt2, lastBlock, lengths).accumulates).toBe(true);
  });

  it("loses no message and plans no more parts than messages, whatever the memory", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1024 }), { minLength: 1, maxLength: 64 }),
        fc.double({ min: 1e-6, max: 4, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (lengths, stepMemory, accumulate) => {
          const sorted = Int32Array.from(lengths).sort();
          const plan = planMicroBatches({ ...values, stepMemory, accumulate }, gpt2, everything, sorted);
          const batch = [...sorted.keys()];
          const parts = plan.split(batch);
          expect(parts.flat()).toEqual(batch);
          expect(parts.every((part) => part.length > 0)).toBe(true);
          if (parts.length > 1) expect(plan.accumulates).toBe(true);
        },
      ),
    );
  });
});
