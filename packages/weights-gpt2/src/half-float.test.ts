import { f16round, getFloat16, setFloat16 } from "@petamoriken/float16";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBfloat16, decodeBinary16, encodeBfloat16, encodeBinary16 } from "./half-float.js";

const everyPattern = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe("binary16", () => {
  it("decodes all 65,536 bit patterns as an independent library does", () => {
    const values = new Float32Array(65536);
    decodeBinary16(everyPattern, values);
    const view = new DataView(new ArrayBuffer(2));
    for (let bits = 0; bits < 65536; bits++) {
      view.setUint16(0, bits);
      expect(Object.is(values[bits], getFloat16(view, 0)), `pattern ${bits}`).toBe(true);
    }
  });

  it("encodes every decoded value back to its own pattern", () => {
    const values = new Float32Array(65536);
    decodeBinary16(everyPattern, values);
    const bits = new Uint16Array(65536);
    encodeBinary16(values, bits);
    const changed = everyPattern.filter(
      (pattern) => !Number.isNaN(values[pattern]!) && bits[pattern] !== pattern,
    );
    expect([...changed]).toEqual([]);
    expect(
      everyPattern.filter((p) => Number.isNaN(values[p]!)).every((p) => (bits[p]! & 0x7fff) > 0x7c00),
    ).toBe(true);
  });

  it("rounds any float32 as the library does, ties and subnormals included", () => {
    const float32 = fc.oneof(
      fc.float({ noNaN: true }),
      fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
      // Exactly half-way between two neighbours.
      fc.integer({ min: 0, max: 0x7bfe }).map((bits) => {
        const pair = new Float32Array(2);
        decodeBinary16(Uint16Array.of(bits, bits + 1), pair);
        return (pair[0]! + pair[1]!) / 2;
      }),
    );
    fc.assert(
      fc.property(float32, (value) => {
        const bits = new Uint16Array(1);
        encodeBinary16(Float32Array.of(value), bits);
        const view = new DataView(new ArrayBuffer(2));
        setFloat16(view, 0, f16round(value));
        expect(bits[0]).toBe(view.getUint16(0));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("bfloat16", () => {
  it("is the upper half of a float32", () => {
    const values = new Float32Array(65536);
    decodeBfloat16(everyPattern, values);
    const bits = new Uint32Array(values.buffer);
    expect(everyPattern.every((p) => bits[p] === p * 65536)).toBe(true);
  });

  it("rounds to the nearest of its two neighbours, ties to the even one", () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 127), max: 2 ** 127 }),
        (value) => {
          const bits = new Uint16Array(1);
          encodeBfloat16(Float32Array.of(value), bits);
          const near = new Float32Array(3);
          decodeBfloat16(Uint16Array.of(bits[0]! - 1, bits[0]!, bits[0]! + 1), near);
          const error = Math.abs(near[1]! - value);
          for (const other of [near[0]!, near[2]!]) {
            if (!Number.isFinite(other) || Math.sign(other) !== Math.sign(near[1]!)) continue;
            expect(error).toBeLessThanOrEqual(Math.abs(other - value));
            if (error !== 0 && error === Math.abs(other - value)) expect(bits[0]! & 1).toBe(0);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("keeps NaN a NaN even where its payload is in the dropped half", () => {
    const nan = new Float32Array(Uint32Array.of(0x7f800001).buffer);
    const bits = new Uint16Array(1);
    encodeBfloat16(nan, bits);
    expect(bits[0]! & 0x7fff).toBeGreaterThan(0x7f80);
  });
});
