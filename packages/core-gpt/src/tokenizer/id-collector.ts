/** Gathers the ids of a text piece by piece: the first so many are kept, all are counted. */
import { GptError } from "../errors.js";

export interface Encoding {
  /** At most `maxTokens` ids, from the beginning of the text. */
  readonly ids: Int32Array;
  /** Tokens of the whole text. */
  readonly totalTokens: number;
  /** Whether `ids` is not the whole text. */
  readonly truncated: boolean;
}

export class IdCollector {
  readonly #maxTokens: number;
  #ids: Int32Array<ArrayBuffer>;
  #total = 0;

  /**
   * @param maxTokens - how many ids to keep
   * @throws {GptError} INVALID_LIMIT when it is not a whole number from 0
   */
  constructor(maxTokens = Infinity) {
    if (maxTokens !== Infinity && !(Number.isInteger(maxTokens) && maxTokens >= 0))
      throw new GptError("INVALID_LIMIT", `maxTokens must be a whole number from 0, got ${maxTokens}`);
    this.#maxTokens = maxTokens;
    this.#ids = new Int32Array(Math.min(maxTokens, 64));
  }

  add(ids: ArrayLike<number>): void {
    const room = Math.min(ids.length, this.#maxTokens - this.#total);
    if (this.#total + room > this.#ids.length) this.#grow(this.#total + room);
    for (let i = 0; i < room; i++) this.#ids[this.#total + i] = ids[i]!;
    this.#total += ids.length;
  }

  finish(): Encoding {
    const kept = Math.min(this.#total, this.#maxTokens);
    return { ids: this.#ids.slice(0, kept), totalTokens: this.#total, truncated: kept < this.#total };
  }

  #grow(needed: number): void {
    const larger = new Int32Array(Math.max(needed, 2 * this.#ids.length));
    larger.set(this.#ids);
    this.#ids = larger;
  }
}
