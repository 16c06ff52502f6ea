/**
 * Numerical derivatives, to check analytic gradients against: central differences in plain JavaScript.
 */

/**
 * Gradient of a scalar function by central differences: `(f(x + h·eᵢ) - f(x - h·eᵢ)) / 2h` for each i.
 * In float32 the error is about `|f|·1e-7/h + h²`, so h near 1e-2 suits functions of order one: agreement to about 1e-3.
 * @param f - called with a fresh copy of `x` each time
 * @returns one number for each element of x
 */
export function finiteDifference(
  f: (x: Float32Array) => number,
  x: ArrayLike<number>,
  h = 1e-2,
): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => {
    const at = (step: number): { value: number; moved: number } => {
      const copy = Float32Array.from(x);
      copy[i] = (copy[i] ?? 0) + step;
      return { value: f(copy), moved: copy[i] ?? 0 };
    };
    const above = at(h);
    const below = at(-h);
    // The distance really moved: x ± h is rounded to float32.
    return (above.value - below.value) / (above.moved - below.moved);
  });
}
