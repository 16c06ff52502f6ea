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

/** The tokens of the bytes of the token at hand. */
const parts = new Int32Array(longestShort);

/** The bytes of every token, one after the other: token i is `bytes` from `starts[i]` to `starts[i + 1]`. */
export interface TokenList {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
}

/** The numbers that a vocabulary comes down to. Everything is indexed by token id. */
export class MergeTable {
  /** Number of tokens, special ones not among them. */
  readonly size: number;
  /** The id of each single byte. */
  readonly byteTokens = new Uint16Array(256);
  /** The two tokens that each token was joined from; 0 and 0 for a single byte. */
  readonly left: Uint16Array;
  readonly right: Uint16Array;
  readonly #list: TokenList;
  /** Open addressing with linear probing: 50,000 pairs in 131,072 slots. */
  readonly #keys = new Uint32Array(slots).fill(empty);
  readonly #merged = new Uint16Array(slots);

  /**
   * @param list - the tokens in the order of their ids
   * @throws {GptError} INVALID_VOCABULARY unless all single bytes are there and every other token is the join of two older ones
   */
  constructor(list: TokenList) {
    this.size = list.starts.length - 1;
    this.#list = list;
    if (this.size > 0xffff)
      throw new GptError("INVALID_VOCABULARY", `${this.size} tokens: up to 65,535 are read`);
    this.left = new Uint16Array(this.size);
    this.right = new Uint16Array(this.size);
    this.#findBytes();
    for (let id = 0; id < this.size; id++) if (this.#lengthOf(id) !== 1) this.#findParts(id);
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
    const start = this.#list.starts[id];
    const end = this.#list.starts[id + 1];
    return start === undefined || end === undefined ? undefined : this.#list.bytes.subarray(start, end);
  }

  #lengthOf(id: number): number {
    return this.#list.starts[id + 1]! - this.#list.starts[id]!;
  }

  #findBytes(): void {
    const found = new Set<number>();
    for (let id = 0; id < this.size; id++) {
      if (this.#lengthOf(id) !== 1) continue;
      const byte = this.#list.bytes[this.#list.starts[id]!]!;
      this.byteTokens[byte] = id;
      found.add(byte);
    }
    if (found.size !== 256)
      throw new GptError("INVALID_VOCABULARY", `expected a token for each of 256 bytes, got ${found.size}`);
  }

  #findParts(id: number): void {
    const { bytes, starts } = this.#list;
    const start = starts[id]!;
    const length = this.#lengthOf(id);
    if (length > longestShort)
      throw new GptError(
        "INVALID_VOCABULARY",
        `token ${id} has ${length} bytes: up to ${longestShort} are read`,
      );
    for (let i = 0; i < length; i++) parts[i] = this.byteTokens[bytes[start + i]!]!;
    if (mergeShort(parts, length, this) !== 2)
      throw new GptError("INVALID_VOCABULARY", `token ${id} is not the join of two older tokens`);
    this.#add(parts[0]!, parts[1]!, id);
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

/**
 * Reads js-tiktoken's `bpe_ranks`: lines of "! <first id> <base64> <base64> ...".
 * @throws {GptError} INVALID_VOCABULARY when ids are left out
 */
export function parseRanks(ranks: string): TokenList {
  const starts: number[] = [0];
  // Base64 is a third longer than what it stands for.
  const bytes = new Uint8Array(ranks.length);
  let end = 0;
  for (const line of ranks.split("\n")) {
    const [, first, ...encoded] = line.split(" ");
    if (Number(first) !== starts.length - 1)
      throw new GptError("INVALID_VOCABULARY", `expected ids from ${starts.length - 1} on, got ${first}`);
    for (const text of encoded) {
      const binary = atob(text);
      for (let i = 0; i < binary.length; i++) bytes[end++] = binary.charCodeAt(i);
      starts.push(end);
    }
  }
  return { bytes: bytes.slice(0, end), starts: Uint32Array.from(starts) };
}
