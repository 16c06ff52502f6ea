/**
 * Matrices as int8 with one float32 scale a column (what a matrix multiplication sums into) or a row (an embedding
 * that is looked up): value = integer * scale, symmetric, integers -127 to 127. Storage only; it says nothing of how
 * an engine computes.
 */
import { DetectorError } from "../errors.js";

/** Which index of the matrix has a scale of its own. */
export type ScaleAxis = "row" | "column";

export interface Int8Matrix {
  /** [rows, columns], row-major. */
  readonly values: Int8Array;
  /** [rows] or [columns]. */
  readonly scales: Float32Array;
}

/** @param data - float32 [rows, columns], row-major, finite */
export function encodeInt8(data: Float32Array, rows: number, columns: number, axis: ScaleAxis): Int8Matrix {
  const scales = new Float32Array(axis === "row" ? rows : columns);
  for (let i = 0, row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const slot = axis === "row" ? row : column;
      scales[slot] = Math.max(scales[slot]!, Math.abs(data[i]!));
    }
  }
  for (let slot = 0; slot < scales.length; slot++) scales[slot] = scales[slot]! / 127;
  const values = new Int8Array(data.length);
  for (let i = 0, row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const scale = scales[axis === "row" ? row : column]!;
      // A column of zeros has scale 0 and stays zeros. float32 rounding of the scale can push the largest past 127.
      values[i] = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(data[i]! / scale)));
    }
  }
  return { values, scales };
}

/** @returns float32 [rows, columns]  @throws {DetectorError} WEIGHTS_INVALID when the number of scales does not fit */
export function decodeInt8(matrix: Int8Matrix, rows: number, columns: number, axis: ScaleAxis): Float32Array {
  const { values, scales } = matrix;
  const expected = axis === "row" ? rows : columns;
  if (scales.length !== expected) {
    throw new DetectorError(
      "WEIGHTS_INVALID",
      `Expected ${expected} scales, one a ${axis}, got ${scales.length}. The file was not written by this program.`,
    );
  }
  const data = new Float32Array(values.length);
  for (let i = 0, row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      data[i] = values[i]! * scales[axis === "row" ? row : column]!;
    }
  }
  return data;
}
