/**
 * Channel scales after SmoothQuant (Xiao et al. 2022, arXiv 2211.10438, equation 4 with α = ½): a channel whose
 * activations are large and whose weights are small is made even, so that it does not cost the others their resolution.
 * Dividing activations by the scales and multiplying rows of the weights with them changes nothing but rounding.
 */

/** Channels below this part of the largest are not told apart: they need no scale. */
const FLOOR = 1e-5;

/**
 * @param channelMaxima - [rows] largest |activation| of each channel
 * @param weights - [rows, columns]
 * @returns `√(max|x_k| / max|w_k|)`, [rows], all above 0
 */
export function smoothingScales(
  channelMaxima: Float32Array,
  weights: Float32Array,
  rows: number,
  columns: number,
): Float32Array {
  const weightMaxima = Float32Array.from({ length: rows }, (_, row) => {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++)
      largest = Math.max(largest, Math.abs(weights[i]!));
    return largest;
  });
  const least = (values: Float32Array): number =>
    Math.max(FLOOR * values.reduce((a, b) => Math.max(a, b), 0), 1e-30);
  const [leastX, leastW] = [least(channelMaxima), least(weightMaxima)];
  return Float32Array.from({ length: rows }, (_, k) =>
    Math.sqrt(Math.max(channelMaxima[k]!, leastX) / Math.max(weightMaxima[k]!, leastW)),
  );
}
