import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, repositoryRoot } from "@btp/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.js";
import { argmax, candidates, checkSampling, type SamplingOptions, sampleToken } from "./sampling.js";

const golden = JSON.parse(
  readFileSync(join(repositoryRoot(), "packages/core-gpt/goldens/sampling.json"), "utf8"),
) as {
  logits: number[];
  previous: number[];
  cases: { options: SamplingOptions; probabilities: number[] }[];
};

const anyLogits = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 50 });

describe("candidates", () => {
  it.each(golden.cases)("gives transformers' probabilities with $options", ({ options, probabilities }) => {
    const found = new Float64Array(golden.logits.length);
    for (const { id, probability } of candidates(golden.logits, golden.previous, options))
      found[id] = probability;
    // Theirs are float32.
    expectClose(found, probabilities, 1e-6);
  });

  it("adds up to 1, whatever the logits and options", () => {
    const options = fc.record({
      temperature: fc.double({ min: 0.1, max: 5, noNaN: true }),
      topK: fc.integer({ min: 1, max: 60 }),
      topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
      repetitionPenalty: fc.double({ min: 0.5, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(anyLogits, options, (logits, given) => {
        const total = candidates(logits, [0], given).reduce((sum, { probability }) => sum + probability, 0);
        expect(total).toBeCloseTo(1, 9);
      }),
    );
  });

  it("is not led astray by logits of -Infinity, and refuses NaN", () => {
    expect(candidates([-Infinity, 3, -Infinity])).toEqual([{ id: 1, probability: 1 }]);
    for (const logits of [[Number.NaN, 1], [1, Number.NaN], [-Infinity, -Infinity], []])
      expect(() => candidates(logits)).toThrow(expect.objectContaining({ code: "INVALID_LOGITS" }));
  });
});

describe("sampleToken", () => {
  it("takes the likeliest token at temperature 0, without a random number", () => {
    const never = (): number => {
      throw new Error("not to be called");
    };
    expect(sampleToken([1, 5, 5, 2], never, [], { temperature: 0 })).toBe(1);
  });

  it("draws each token as often as it is probable", () => {
    const random = createRandom(9);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++)
      counts[sampleToken([Math.log(1), Math.log(2), Math.log(3)], random)]! += 1;
    // Expected 5, 10 and 15 thousand; the largest standard deviation is 87: five of them.
    expectClose(counts, [5_000, 10_000, 15_000], 433);
  });

  it("gives the last candidate where rounding leaves a rest", () => {
    expect(sampleToken([0, 0, 0], () => 1 - 2 ** -53)).toBe(2);
  });
});

describe("argmax", () => {
  it("is the first of equals", () => {
    expect(argmax([1, 3, 3])).toBe(1);
  });
});

describe("checkSampling", () => {
  it("names everything that is out of range", () => {
    expect(() =>
      checkSampling({ temperature: -1, topK: 0, topP: 2, repetitionPenalty: Number.NaN }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[GptError: temperature must be a number from 0, got -1; topK must be a whole number from 1, got 0; topP must be above 0 and at most 1, got 2; repetitionPenalty must be above 0, got NaN]`,
    );
  });
});
