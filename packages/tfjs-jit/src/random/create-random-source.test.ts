import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { createRandomSource } from "./create-random-source.js";

describe("random source", () => {
  it("goes on exactly from a saved state", () => {
    const a = createRandomSource(7);
    a.drawMask(1001, 0.1);
    const b = createRandomSource(JSON.parse(JSON.stringify(a.getState())));
    expect(b.drawMask(1001, 0.3)).toEqual(a.drawMask(1001, 0.3));
    expect(b.getState()).toEqual(a.getState());
  });

  it.each([0.001, 0.1, 0.25, 0.5, 0.9, 0.999])("drops the fraction %f, not rounded to a 256th", (rate) => {
    const count = 2_000_000;
    const mask = createRandomSource(3).drawMask(count, rate);
    let kept = 0;
    for (const bit of mask) {
      if (bit > 1) expect.fail("a mask holds 0 and 1 only");
      kept += bit;
    }
    // Five standard deviations of a binomial: once in two million seeds, and the seed is fixed.
    const deviation = Math.sqrt((rate * (1 - rate)) / count);
    expect(Math.abs(kept / count - (1 - rate))).toBeLessThan(5 * deviation);
  });

  it("is xoshiro128**: the first byte of each draw decides as the reference sequence does", () => {
    // From state 1, 2, 3, 4 the reference program gives 11520, 0, 5927040, 70819200 (xoshiro128starstar.c).
    const words = [11520, 0, 5927040, 70819200];
    const bytes = words.flatMap((w) => [w & 255, (w >>> 8) & 255, (w >>> 16) & 255, w >>> 24]);
    expect([...createRandomSource([1, 2, 3, 4]).drawMask(16, 0.125)]).toEqual(
      bytes.map((byte) => (byte >= 32 ? 1 : 0)),
    );
  });

  it("scales what it keeps so that the mean stays, and passes rate 0 through", () => {
    tf.tidy(() => {
      const x = tf.ones([200, 200]);
      const random = createRandomSource(1);
      expect(random.dropout(x, 0)).toBe(x);
      expect(random.dropout(x, 0.1).mean().dataSync()[0]).toBeCloseTo(1, 2);
    });
  });

  it("refuses rates and states out of range", () => {
    const random = createRandomSource(1);
    expect(() => tf.tidy(() => random.dropout(tf.scalar(1), 1))).toThrow(/at least 0 and below 1/);
    expect(() => createRandomSource([0, 0, 0, 0])).toThrow(/not all zero/);
    expect(() => createRandomSource(0.5)).toThrow(/whole number/);
  });
});
