/** Bytes in pieces: a model of gigabytes is put together without copying its weights. */
import { WireWriter } from "./wire.js";

const PAGE_BYTES = 4096;

/** A length-delimited field around pieces. */
export function field(number: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [new WireWriter().head(number, length).finish(), ...pieces];
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

/** Runtimes map constants that begin on a page of memory instead of reading them. */
export function paddingAfter(length: number): number {
  return (PAGE_BYTES - (length % PAGE_BYTES)) % PAGE_BYTES;
}
