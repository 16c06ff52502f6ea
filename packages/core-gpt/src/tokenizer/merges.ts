/**
 * GPT-2's merges, recovered from js-tiktoken's ranks: which two tokens join to which third. Holds no text and runs no
 * merging of messages (`byte-pair.ts` does).
 *
 * js-tiktoken gives only the bytes of each token; the rank of a token is its id. Each token of more than one byte was
 * made in training by joining two older ones, and merging its own bytes with the older merges leaves just these two.
 */
import { GptError } from "../errors.js";
import { longestShort, mergeShort } from "./byte-pair.js";

/** Ids are below 2¹⁶, so a pair of them fits one unsigned 32-bit key. */
const slots = 1 << 17;
const empty = 0xffff_ffff;

/** The numbers that a vocabulary comes down to. Everything is indexed by token id. */
export class MergeTable {
  /** Number of tokens, special ones not among them. */
  readonly size: number;
  /** The id of each single byte. */
  readonly byteTokens = new Uint16Array(256);
  /** The two tokens that each token was joined from; for a single byte both are the token itself. */
  readonly left: Uint16Array;
  readonly right: Uint16Array;
  readonly #bytes: readonly Uint8Array[];
  /** Open addressing with linear probing: 50,000 pairs in 131,072 slots. */
  readonly #keys = new Uint32Array(slots).fill(empty);
  readonly #merged = new Uint16Array(slots);

  /**
   * @param bytes - of each token, in the order of ids
   * @throws {GptError} INVALID_VOCABULARY unless all single bytes are there and every other token is the join of two older ones
   */
  constructor(bytes: readonly Uint8Array[]) {
    this.size = bytes.length;
    this.#bytes = bytes;
    this.left = Uint16Array.from(bytes, (_, id) => id);
    this.right = Uint16Array.from(bytes, (_, id) => id);
    if (bytes.length > 0xffff)
      throw new GptError("INVALID_VOCABULARY", `${bytes.length} tokens do not fit 16 bits`);
    const single = bytes.flatMap((token, id) => (token.length === 1 ? [id] : []));
    for (const id of single) this.byteTokens[bytes[id]![0]!] = id;
    if (single.length !== 256)
      throw new GptError("INVALID_VOCABULARY", `expected 256 tokens of one byte, got ${single.length}`);
    const parts = new Int32Array(longestShort);
    for (let id = 0; id < bytes.length; id++) {
      const token = bytes[id]!;
      if (token.length === 1) continue;
      if (token.length > longestShort)
        throw new GptError(
          "INVALID_VOCABULARY",
          `token ${id} has ${token.length} bytes; up to ${longestShort} are read`,
        );
      for (let i = 0; i < token.length; i++) parts[i] = this.byteTokens[token[i]!]!;
      if (mergeShort(parts, token.length, this) !== 2)
        throw new GptError("INVALID_VOCABULARY", `token ${id} is not the join of two older tokens`);
      this.#add(parts[0]!, parts[1]!, id);
    }
  }

  /** The id of the token that two tokens join to, or -1. */
  join(left: number, right: number): number {
    const key = ((left << 16) | right) >>> 0;
    let slot = Math.imul(key, 0x9e37_79b1) >>> 15;
    for (;;) {
      const found = this.#keys[slot]!;
      if (found === key) return this.#merged[slot]!;
      if (found === empty) return -1;
      slot = (slot + 1) & (slots - 1);
    }
  }

  /** The bytes of a token; not to be written to. */
  bytesOf(id: number): Uint8Array | undefined {
    return this.#bytes[id];
  }

  #add(left: number, right: number, id: number): void {
    this.left[id] = left;
    this.right[id] = right;
    const key = ((left << 16) | right) >>> 0;
    let slot = Math.imul(key, 0x9e37_79b1) >>> 15;
    while (this.#keys[slot] !== empty) slot = (slot + 1) & (slots - 1);
    this.#keys[slot] = key;
    this.#merged[slot] = id;
  }
}

/** Reads js-tiktoken's `bpe_ranks`: lines of "! <first id> <base64> <base64> ...". */
export function parseRanks(ranks: string): Uint8Array[] {
  const tokens: Uint8Array[] = [];
  for (const line of ranks.split("\n")) {
    const [, first, ...encoded] = line.split(" ");
    encoded.forEach((text, i) => {
      const binary = atob(text);
      const bytes = new Uint8Array(binary.length);
      for (let k = 0; k < binary.length; k++) bytes[k] = binary.charCodeAt(k);
      tokens[Number(first) + i] = bytes;
    });
  }
  return tokens;
}
