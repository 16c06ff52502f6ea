/** Apart from what records it, so that the package's types name no type of TensorFlow.js. */
import type { RandomSource } from "../random-source.js";

/** What the compiler needs of a source on top of the public contract. */
export interface MaskSource extends RandomSource {
  /** `count` bytes, 1 with probability 1 - rate, else 0; the state moves on. */
  drawMask(count: number, rate: number): Uint8Array<ArrayBuffer>;
}
