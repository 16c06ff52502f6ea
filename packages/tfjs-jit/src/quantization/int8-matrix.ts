/**
 * A float32 matrix as int8: value = integer · scale, symmetric, integers from -127 to 127, one scale a column (for a
 * matrix that is multiplied with) or a row (for a table that is looked up in).
 */

export interface Int8Matrix {
  /** Path of the constant it was made of: stands for the contents where a graph is printed. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], row-major. */
  readonly values: Int8Array;
  /** [columns] for a factor, [rows] for a table. */
  readonly scales: Float32Array;
}

/** Largest integer: -128 is left out, so that a matrix and its negative are treated alike. */
const LARGEST = 127;

/**
 * One scale a column, since a product sums over rows.
 * @param data - [rows, columns]
 * @param channelScales - [rows]: row k is multiplied with the k-th first, to undo a division of the other factor
 * @param factor - of all values
 * @param largestInteger - less than 127 for processors whose products would overflow: weight-range.ts
 */
export function quantizeColumns(
  name: string,
  data: Float32Array,
  rows: number,
  columns: number,
  channelScales?: Float32Array,
  factor = 1,
  largestInteger = LARGEST,
): Int8Matrix {
  const largest = new Float32Array(columns);
  for (let row = 0, i = 0; row < rows; row++) {
    const scale = channelScales?.[row] ?? 1;
    for (let column = 0; column < columns; column++, i++) {
      const size = Math.abs(data[i]! * scale);
      if (size > largest[column]!) largest[column] = size;
    }
  }
  const inverse = Float64Array.from(largest, (size) => (size === 0 ? 0 : largestInteger / size));
  const values = new Int8Array(data.length);
  for (let row = 0, i = 0; row < rows; row++) {
    const scale = channelScales?.[row] ?? 1;
    for (let column = 0; column < columns; column++, i++)
      values[i] = Math.round(data[i]! * scale * inverse[column]!);
  }
  return { name, rows, columns, values, scales: largest.map((size) => (size / largestInteger) * factor) };
}

/** One scale a row. @param data - [rows, columns] */
export function quantizeRows(name: string, data: Float32Array, rows: number, columns: number): Int8Matrix {
  const values = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    let largest = 0;
    for (let i = from; i < from + columns; i++) largest = Math.max(largest, Math.abs(data[i]!));
    scales[row] = largest / LARGEST;
    const inverse = largest === 0 ? 0 : LARGEST / largest;
    for (let i = from; i < from + columns; i++) values[i] = Math.round(data[i]! * inverse);
  }
  return { name, rows, columns, values, scales };
}
