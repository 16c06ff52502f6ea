import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeInt8, encodeInt8, type ScaleAxis } from "./int8.js";

const matrixArbitrary = fc.integer({ min: 1, max: 6 }).chain((rows) =>
  fc.integer({ min: 1, max: 6 }).chain((columns) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      axis: fc.constantFrom<ScaleAxis>("row", "column"),
      data: fc.float32Array({
        minLength: rows * columns,
        maxLength: rows * columns,
        noNaN: true,
        noDefaultInfinity: true,
        min: -1000,
        max: 1000,
      }),
    }),
  ),
);

it("comes back within half a step of its row's or column's scale", () => {
  fc.assert(
    fc.property(matrixArbitrary, ({ rows, columns, axis, data }) => {
      const encoded = encodeInt8(data, rows, columns, axis);
      const decoded = decodeInt8(encoded, rows, columns, axis);
      for (let i = 0; i < data.length; i++) {
        const scale = encoded.scales[axis === "row" ? Math.floor(i / columns) : i % columns]!;
        // Half a step, and the float32 rounding of the scale and of the product.
        expect(Math.abs(decoded[i]! - data[i]!)).toBeLessThanOrEqual(scale * 0.5001 + 1e-30);
      }
    }),
  );
});

it("keeps a small column exact to its own scale beside a large one", () => {
  const data = new Float32Array([1000, 0.001, -500, -0.002]);
  const decoded = decodeInt8(encodeInt8(data, 2, 2, "column"), 2, 2, "column");
  expect(decoded[3]).toBeCloseTo(-0.002, 8);
});

it("refuses scales that do not fit the matrix", () => {
  const matrix = { values: new Int8Array(6), scales: new Float32Array(2) };
  expect(() => decodeInt8(matrix, 2, 3, "column")).toThrow(
    expect.objectContaining({ code: "WEIGHTS_INVALID" }),
  );
});
