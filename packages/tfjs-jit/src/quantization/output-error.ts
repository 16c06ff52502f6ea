/** How far a program's results are from the exact ones. */
import type { HostTensor } from "../host-tensor.js";

/** The largest relative error (L2) of a slice along the first axis of the first result: of a message, in a batch. */
export function largestRowError(exact: readonly HostTensor[], approximate: readonly HostTensor[]): number {
  const [a, b] = [exact[0], approximate[0]];
  if (a === undefined || b === undefined) return 0;
  const rows = a.shape[0] ?? 1;
  const size = a.data.length / rows;
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    let [difference, norm] = [0, 0];
    for (let i = row * size; i < (row + 1) * size; i++) {
      difference += (a.data[i]! - b.data[i]!) ** 2;
      norm += a.data[i]! ** 2;
    }
    const error = Math.sqrt(difference / Math.max(norm, 1e-30));
    // NaN is above every limit, and Math.max keeps it.
    largest = Math.max(largest, error);
  }
  return largest;
}
