/**
 * xoshiro128** 1.1 by Blackman and Vigna (https://prng.di.unimi.it/xoshiro128starstar.c, public domain): 32 bits a
 * draw, four words of state. Here its state update is written out where masks are drawn, since a call for each word
 * would double the time.
 */
import { JitError } from "../errors.js";
import type { RandomState } from "../random-source.js";

/** State from one seed, each word by SplitMix32, so that neighbouring seeds give unrelated sequences. */
export function stateFromSeed(seed: number): RandomState {
  if (!Number.isSafeInteger(seed)) {
    throw new JitError("INVALID_RANDOM", `a random seed must be a whole number, but is ${seed}`);
  }
  // Both halves of the seed count: seeds above 2^32 are not cut off.
  let x = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) >>> 0;
  const next = (): number => {
    x = (x + 0x9e3779b9) >>> 0;
    let z = x;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  return [next(), next(), next(), next()];
}

/** @throws {JitError} INVALID_RANDOM unless it is four 32-bit words, not all zero */
export function checkRandomState(state: readonly number[]): RandomState {
  const [a, b, c, d] = state;
  const isWord = (w: number | undefined): w is number =>
    w !== undefined && Number.isInteger(w) && w >= 0 && w < 2 ** 32;
  if (state.length !== 4 || !isWord(a) || !isWord(b) || !isWord(c) || !isWord(d) || a + b + c + d === 0) {
    throw new JitError("INVALID_RANDOM", "a random state must be four 32-bit words, not all zero");
  }
  return [a, b, c, d];
}

/**
 * Draws a mask of 0 and 1: `count` bytes, each 1 with probability 1 - `rate`.
 * Four elements share a draw: an element is dropped when its byte is below rate * 256. The fraction of a 256th that
 * remains is settled by a further draw for bytes that are exactly on the edge, so the rate is met to 2^-40.
 * @returns the mask and the state after it
 */
export function drawMask(
  state: RandomState,
  count: number,
  rate: number,
): { mask: Uint8Array<ArrayBuffer>; state: RandomState } {
  const words = new Uint32Array(Math.ceil(count / 4));
  const edge = Math.min(255, Math.floor(rate * 256));
  const dropAtEdge = (rate * 256 - edge) * 2 ** 32;
  const edgeBytes = Math.imul(edge, 0x01010101);
  let [a, b, c, d] = state;
  const next = (): number => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  for (let i = 0; i < words.length; i++) {
    const draw = next();
    let keep = bytesAtLeast(draw, edge, edgeBytes);
    // A byte equal to the edge is zero in `draw ^ edgeBytes`; this test for a zero byte has no false negatives.
    const difference = draw ^ edgeBytes;
    if (dropAtEdge > 0 && ((difference - 0x01010101) & ~difference & 0x80808080) !== 0) {
      for (let shift = 0; shift < 32; shift += 8) {
        if (((draw >>> shift) & 255) === edge && next() < dropAtEdge) keep &= ~(1 << shift);
      }
    }
    words[i] = keep;
  }
  const mask = new Uint8Array(words.buffer, 0, count);
  return { mask, state: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
}

/** For each of the four bytes of `x`: 1 when it is >= `edge`, else 0; all four in one go. */
function bytesAtLeast(x: number, edge: number, edgeBytes: number): number {
  const lowAtLeast = ((x | 0x80808080) >>> 0) - (edgeBytes & 0x7f7f7f7f);
  const high = edge < 128 ? lowAtLeast | x : lowAtLeast & x;
  return (high & 0x80808080) >>> 7;
}
