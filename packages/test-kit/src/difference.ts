/**
 * Compares arrays of numbers in plain JavaScript float64, never with the code under test.
 */

export interface Difference {
  /** Largest |actual - expected|. */
  readonly absolute: number;
  /** `absolute` divided by the largest |expected|, or by 1 where that is smaller: safe for arrays of zeros. */
  readonly relative: number;
  /** Where the largest difference is; -1 in empty arrays. */
  readonly index: number;
}

/** The largest difference between two arrays; NaN on either side counts as an infinite one.
 *  @throws Error when the lengths differ */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  if (actual.length !== expected.length)
    throw new Error(`expected ${expected.length} values, got ${actual.length}`);
  let absolute = 0;
  let largest = 1;
  let index = actual.length > 0 ? 0 : -1;
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i] ?? Number.NaN;
    const e = expected[i] ?? Number.NaN;
    const distance = Object.is(a, e) ? 0 : Math.abs(a - e);
    if (Number.isNaN(distance)) return { absolute: Infinity, relative: Infinity, index: i };
    if (distance > absolute) {
      absolute = distance;
      index = i;
    }
    largest = Math.max(largest, Math.abs(e));
  }
  return { absolute, relative: absolute / largest, index };
}

/**
 * Fails, naming the first of the worst values, unless every |actual - expected| is at most `tolerance`.
 * @param what - the name in the message, for example "gradient of head.weight"
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "values",
): void {
  const { absolute, index } = maxDifference(actual, expected);
  if (absolute > tolerance)
    throw new Error(
      `${what}: differ by ${absolute.toExponential(2)} at ${index} (expected ${expected[index]}, got ${actual[index]}); allowed ${tolerance}`,
    );
}
