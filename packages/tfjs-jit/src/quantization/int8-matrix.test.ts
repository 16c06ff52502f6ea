import fc from "fast-check";
import { expect, it } from "vitest";
import { quantizeColumns, quantizeRows } from "./int8-matrix.js";

const matrices = fc.integer({ min: 1, max: 6 }).chain((rows) =>
  fc.integer({ min: 1, max: 6 }).chain((columns) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
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

it("is within half a step of every value, with a step of its own for each column or row", () => {
  fc.assert(
    fc.property(matrices, ({ rows, columns, data }) => {
      const byColumn = quantizeColumns("m", data, rows, columns);
      const byRow = quantizeRows("m", data, rows, columns);
      for (const i of data.keys()) {
        const [columnScale, rowScale] = [
          byColumn.scales[i % columns]!,
          byRow.scales[Math.floor(i / columns)]!,
        ];
        // Half a step, and float32 rounding of the scale; denormal scales have few bits.
        expect(Math.abs(byColumn.values[i]! * columnScale - data[i]!)).toBeLessThanOrEqual(
          columnScale * 0.5001 + 1e-40,
        );
        expect(Math.abs(byRow.values[i]! * rowScale - data[i]!)).toBeLessThanOrEqual(
          rowScale * 0.5001 + 1e-40,
        );
      }
    }),
  );
});

it("multiplies rows with channel scales before it rounds, and puts a factor into the scales", () => {
  const data = Float32Array.of(1, 2, 100, -300);
  const { values, scales } = quantizeColumns("m", data, 2, 2, Float32Array.of(100, 1), 0.5);
  expect([...values]).toEqual([127, 85, 127, -127]); // of [100, 200] and [100, -300]
  expect(scales[0]).toBeCloseTo((100 / 127) * 0.5, 6);
});
