/** The memory of one text that is being generated, as plain arrays on the host: what `cachedStep` gave, ready to be given back. */
import type { GptConfig } from "../config.js";
import { GptError } from "../errors.js";
import type { HostTensor } from "../host-tensor.js";
import type { KeysAndValues } from "./cached-step.js";

/** So short texts do not carry the whole context's slots through every step; doubled when full. */
const firstCapacity = 64;

/** Shape letters: P slots, N heads, H = width / N. One text: B is 1. */
export class KeyValueCache {
  readonly #config: GptConfig;
  readonly #headSize: number;
  #length = 0;
  #capacity: number;
  #keys: Float32Array[];
  #values: Float32Array[];

  constructor(config: GptConfig) {
    this.#config = config;
    this.#headSize = config.width / config.numHeads;
    this.#capacity = Math.min(firstCapacity, config.contextLength);
    this.#keys = this.#slots();
    this.#values = this.#slots();
  }

  /** Tokens that were read. */
  get length(): number {
    return this.#length;
  }

  /** int32 [P]: the place of the token in each slot, contextLength in empty ones. */
  pastPositions(): HostTensor {
    const { contextLength } = this.#config;
    const data = Int32Array.from({ length: this.#capacity }, (_, i) =>
      i < this.#length ? i : contextLength,
    );
    return { dtype: "int32", shape: [this.#capacity], data };
  }

  /** For each block, float32 [1, N, P, H]: the arrays themselves, valid until the next `append`. */
  past(): KeysAndValues<HostTensor> {
    const shape = [1, this.#config.numHeads, this.#capacity, this.#headSize];
    const hosted = (data: Float32Array): HostTensor => ({ dtype: "float32", shape, data });
    return { keys: this.#keys.map(hosted), values: this.#values.map(hosted) };
  }

  /**
   * Remembers new tokens.
   * @param step - for each block, float32 [1, N, T, H]
   * @throws {GptError} SHAPE_MISMATCH when there are other blocks, heads or sizes than the model's
   * @throws {GptError} INVALID_PROMPT when they do not fit the model's context
   */
  append(step: KeysAndValues<HostTensor>): void {
    const count = step.keys[0]?.shape[2] ?? 0;
    const needed = this.#length + count;
    if (needed > this.#config.contextLength)
      throw new GptError(
        "INVALID_PROMPT",
        `the model reads up to ${this.#config.contextLength} tokens, ${needed} were given`,
      );
    if (needed > this.#capacity) this.#grow(needed);
    for (const [i, tensor] of step.keys.entries()) this.#write(this.#keys[i], tensor, count);
    for (const [i, tensor] of step.values.entries()) this.#write(this.#values[i], tensor, count);
    this.#length = needed;
  }

  #write(slots: Float32Array | undefined, { shape, data }: HostTensor, count: number): void {
    const { numHeads } = this.#config;
    const expected = [1, numHeads, count, this.#headSize];
    if (slots === undefined || !(data instanceof Float32Array) || shape.join() !== expected.join())
      throw new GptError(
        "SHAPE_MISMATCH",
        `expected keys and values of ${this.#config.numLayers} blocks as float32 [${expected}], got [${shape}]`,
      );
    const size = count * this.#headSize;
    for (let head = 0; head < numHeads; head++)
      slots.set(
        data.subarray(head * size, (head + 1) * size),
        (head * this.#capacity + this.#length) * this.#headSize,
      );
  }

  #slots(): Float32Array[] {
    const { numLayers, width } = this.#config;
    return Array.from({ length: numLayers }, () => new Float32Array(this.#capacity * width));
  }

  #grow(needed: number): void {
    const { numHeads, contextLength } = this.#config;
    const before = this.#capacity;
    while (this.#capacity < needed) this.#capacity = Math.min(2 * this.#capacity, contextLength);
    const used = this.#length * this.#headSize;
    const moved = (old: Float32Array[]): Float32Array[] =>
      this.#slots().map((slots, i) => {
        for (let head = 0; head < numHeads; head++) {
          const from = head * before * this.#headSize;
          slots.set(old[i]!.subarray(from, from + used), head * this.#capacity * this.#headSize);
        }
        return slots;
      });
    this.#keys = moved(this.#keys);
    this.#values = moved(this.#values);
  }
}
