/**
 * Sizes that may hold symbolic dimensions: whole numbers, or polynomials with whole coefficients over the names of
 * dimensions (`batch*sequence`, `sequence - 1`). Immutable; two are the same size for every run exactly when their
 * keys are equal, since a polynomial is kept in one canonical order.
 */
export type Extent = number | Polynomial;

export interface Polynomial {
  /** Product of names (sorted, joined by `*`; "" for the constant term) to its coefficient, never 0. */
  readonly terms: ReadonlyMap<string, number>;
  /** Canonical text, also used to print and compare. */
  readonly key: string;
}

export function symbol(name: string): Polynomial {
  return polynomial(new Map([[name, 1]]));
}

export function isSymbolic(extent: Extent): extent is Polynomial {
  return typeof extent !== "number";
}

export function extentKey(extent: Extent): string {
  return typeof extent === "number" ? String(extent) : extent.key;
}

export function sameExtent(a: Extent, b: Extent): boolean {
  return a === b || extentKey(a) === extentKey(b);
}

export function sameShape(a: readonly Extent[], b: readonly Extent[]): boolean {
  return a.length === b.length && a.every((extent, i) => sameExtent(extent, b[i]!));
}

export function shapeKey(shape: readonly Extent[]): string {
  return `[${shape.map(extentKey).join(", ")}]`;
}

export function addExtents(a: Extent, b: Extent): Extent {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const terms = new Map(termsOf(a));
  for (const [name, coefficient] of termsOf(b)) terms.set(name, (terms.get(name) ?? 0) + coefficient);
  return simplest(terms);
}

export function multiplyExtents(a: Extent, b: Extent): Extent {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const terms = new Map<string, number>();
  for (const [nameA, coefficientA] of termsOf(a)) {
    for (const [nameB, coefficientB] of termsOf(b)) {
      const name = [...nameA.split("*"), ...nameB.split("*")].filter(Boolean).sort().join("*");
      terms.set(name, (terms.get(name) ?? 0) + coefficientA * coefficientB);
    }
  }
  return simplest(terms);
}

export function subtractExtents(a: Extent, b: Extent): Extent {
  return addExtents(a, multiplyExtents(b, -1));
}

/** Number of elements of a shape. */
export function productOf(shape: readonly Extent[]): Extent {
  return shape.reduce<Extent>(multiplyExtents, 1);
}

export function evaluateExtent(extent: Extent, sizes: ReadonlyMap<string, number>): number {
  if (typeof extent === "number") return extent;
  let total = 0;
  for (const [name, coefficient] of extent.terms) {
    let product = coefficient;
    for (const factor of name.split("*").filter(Boolean)) product *= sizes.get(factor)!;
    total += product;
  }
  return total;
}

function termsOf(extent: Extent): ReadonlyMap<string, number> {
  return typeof extent === "number" ? new Map([["", extent]]) : extent.terms;
}

function simplest(terms: Map<string, number>): Extent {
  for (const [name, coefficient] of terms) if (coefficient === 0) terms.delete(name);
  if (terms.size === 0) return 0;
  if (terms.size === 1 && terms.has("")) return terms.get("")!;
  return polynomial(terms);
}

function polynomial(terms: ReadonlyMap<string, number>): Polynomial {
  const sorted = [...terms].sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1));
  const key = sorted
    .map(([name, coefficient], i) => {
      const sign = coefficient < 0 ? (i === 0 ? "-" : " - ") : i === 0 ? "" : " + ";
      const size = Math.abs(coefficient);
      return sign + (name === "" ? size : size === 1 ? name : `${size}*${name}`);
    })
    .join("");
  return { terms: new Map(sorted), key };
}
