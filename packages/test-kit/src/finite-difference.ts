/**
 * Numerical derivatives, to check analytic gradients against: central differences in plain JavaScript.
 */

/**
 * Gradient of a scalar function by central differences over two distances, so that the third derivative cancels:
 * `(8·(f(x + h·eᵢ) - f(x - h·eᵢ)) - (f(x + 2h·eᵢ) - f(x - 2h·eᵢ))) / 12h` for each i.
 * In float32 the error is about `|f|·1e-7/h + h⁴`: with h 1e-2 and a function of order one, 1e-4 or less.
 * @param f - called with a fresh copy of `x` each time
 * @returns one number for each element of x
 */
export function finiteDifference(
  f: (x: Float32Array) => number,
  x: ArrayLike<number>,
  h = 1e-2,
): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => {
    const slope = (step: number): number => {
      const above = Float32Array.from(x);
      const below = Float32Array.from(x);
      above[i] = (x[i] ?? 0) + step;
      below[i] = (x[i] ?? 0) - step;
      // Divided by the distance really moved: x ± h is rounded to float32.
      return (f(above) - f(below)) / ((above[i] ?? 0) - (below[i] ?? 0));
    };
    return (4 * slope(h) - slope(2 * h)) / 3;
  });
}
