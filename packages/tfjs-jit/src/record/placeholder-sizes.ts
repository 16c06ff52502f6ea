/**
 * Which sizes stand for symbolic dimensions while recording, and which expression of the dimensions a pair of numbers
 * from two recordings is. TensorFlow.js hands the recorder plain numbers; recorded twice with different sizes, a
 * number that is the same in both is a constant, and one that differs must be one of the candidates here, told apart
 * by the ratio of its two values. The sizes are chosen so that no two candidates have ratios that could be confused.
 */
import { addExtents, type Extent, evaluateExtent, multiplyExtents, symbol } from "../graph/extent.js";

/** Sizes of the symbolic dimensions in the two recordings. */
export type PlaceholderSizes = readonly [ReadonlyMap<string, number>, ReadonlyMap<string, number>];

interface Candidate {
  readonly extent: Extent;
  readonly first: number;
  readonly ratio: number;
}

/** Scalars are rounded to float32 in TensorFlow.js; ratios of rounded numbers differ by up to 1.2e-7. */
const RATIO_TOLERANCE = 2.5e-7;

/** Small, so that tensors of ones that TensorFlow.js really allocates while recording stay small; none is 1. */
const SIZES = [
  5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
];

export interface SizeFinder {
  readonly sizes: PlaceholderSizes;
  /** The expression that is `a` in the first and `b` in the second recording, if there is one. */
  integer(a: number, b: number): Extent | undefined;
  /** `factor * extent ** power` for numbers rounded to float32. */
  real(a: number, b: number): { extent: Extent; power: 1 | -1; factor: number } | undefined;
}

const found = new Map<string, SizeFinder>();

/** @param names - the symbolic dimensions of a program */
export function placeholderSizes(names: readonly string[]): SizeFinder {
  const key = [...names].sort().join(",");
  const known = found.get(key) ?? search([...names].sort());
  found.set(key, known);
  return known;
}

function search(names: readonly string[]): SizeFinder {
  const expressions = candidateExtents(names);
  for (let attempt = 0; ; attempt++) {
    // Each dimension takes the next two of the list, shifted at every attempt; later attempts reach larger sizes.
    const pick = (i: number): number =>
      SIZES[(attempt + i * (1 + (attempt % 3))) % SIZES.length]! + (attempt > 20 ? attempt : 0);
    const numbers = Array.from({ length: names.length * 2 }, (_, i) => pick(i));
    if (new Set(numbers).size !== numbers.length) continue;
    const sizes: PlaceholderSizes = [
      new Map(names.map((name, i) => [name, numbers[2 * i]!])),
      new Map(names.map((name, i) => [name, numbers[2 * i + 1]!])),
    ];
    const candidates = expressions.map((extent): Candidate => {
      const first = evaluateExtent(extent, sizes[0]);
      return { extent, first, ratio: evaluateExtent(extent, sizes[1]) / first };
    });
    if (attempt > 400 || areDistinct(candidates)) return finder(sizes, candidates);
  }
}

/** No ratio near 1, to another's, or to the inverse of another's. */
function areDistinct(candidates: readonly Candidate[]): boolean {
  const ratios = [1, ...candidates.flatMap(({ ratio }) => [ratio, 1 / ratio])].sort((a, b) => a - b);
  return ratios.every((ratio, i) => i === 0 || ratio / ratios[i - 1]! - 1 > 2 * RATIO_TOLERANCE);
}

/** Products of up to four dimensions, at most one of them replaced by a sum: `sequence - 1`, `past + sequence`. */
function candidateExtents(names: readonly string[]): Extent[] {
  const symbols = names.map(symbol);
  const degree = names.length <= 2 ? 4 : names.length === 3 ? 3 : 2;
  let products: Extent[] = [1];
  const all = new Map<string, Extent>();
  const sums: Extent[] = symbols.flatMap((s, i) => [
    addExtents(s, -1),
    addExtents(s, 1),
    addExtents(s, -2),
    addExtents(s, 2),
    ...symbols.slice(i + 1).map((other) => addExtents(s, other)),
  ]);
  const keep = (extent: Extent): void => {
    if (typeof extent !== "number") all.set(extent.key, extent);
  };
  for (let n = 1; n <= degree; n++) {
    for (const product of products) for (const sum of sums) if (n <= 3) keep(multiplyExtents(product, sum));
    const next = new Map<string, Extent>();
    for (const product of products) {
      for (const s of symbols) {
        const longer = multiplyExtents(product, s);
        if (typeof longer !== "number") next.set(longer.key, longer);
      }
    }
    products = [...next.values()];
    products.forEach(keep);
  }
  return [...all.values()];
}

function finder(sizes: PlaceholderSizes, candidates: readonly Candidate[]): SizeFinder {
  const match = (ratio: number): Candidate | undefined =>
    candidates.find((candidate) => Math.abs(candidate.ratio / ratio - 1) < RATIO_TOLERANCE);
  return {
    sizes,
    integer(a, b) {
      const candidate = match(b / a);
      if (candidate === undefined) return undefined;
      const factor = a / candidate.first;
      return Number.isInteger(factor) ? multiplyExtents(candidate.extent, factor) : undefined;
    },
    real(a, b) {
      const direct = match(b / a);
      if (direct !== undefined) {
        return { extent: direct.extent, power: 1, factor: nearInteger(a / direct.first) };
      }
      const inverse = match(a / b);
      if (inverse === undefined) return undefined;
      return { extent: inverse.extent, power: -1, factor: nearInteger(a * inverse.first) };
    },
  };
}

/** Undoes the rounding of a scalar to float32 where the factor was a whole number. */
function nearInteger(x: number): number {
  const whole = Math.round(x);
  return whole !== 0 && Math.abs(x / whole - 1) < RATIO_TOLERANCE ? whole : x;
}
