/**
 * Which waiting messages are run together: pure bookkeeping, no timers, no promises, no processes.
 * The oldest message always leads the next batch, so nothing starves; those nearest to it in length fill the batch
 * up to the token budget, counted as padded (messages x longest), because that is what the engine computes.
 */

export interface QueueLimits {
  /** Most messages waiting. */
  readonly capacity: number;
  /** Most characters waiting (UTF-16 units), so that few huge messages cannot fill the memory either. */
  readonly maxCharacters: number;
  /** Most messages in one batch. */
  readonly maxBatchSize: number;
  /** Most padded tokens in one batch; a longer message runs alone. */
  readonly maxBatchTokens: number;
}

export interface QueueItem {
  readonly text: string;
  /** Estimated length in tokens, at most what the model reads. */
  readonly tokens: number;
  /** A batch with it failed: it runs alone now, so that it cannot take others with it again. */
  isSuspect: boolean;
}

export class BatchQueue<T extends QueueItem> {
  readonly #limits: QueueLimits;
  readonly #waiting = new Set<T>();
  /** Failed messages, to be run again first and alone. */
  readonly #retries = new Set<T>();
  #characters = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size + this.#retries.size;
  }

  get characters(): number {
    return this.#characters;
  }

  /** What the next batch will be led by. */
  get oldest(): T | undefined {
    const [retry] = this.#retries;
    const [waiting] = this.#waiting;
    return retry ?? waiting;
  }

  /** Whether `count` messages of `characters` together still fit. */
  fits(count: number, characters: number): boolean {
    return (
      this.size + count <= this.#limits.capacity &&
      this.#characters + characters <= this.#limits.maxCharacters
    );
  }

  /** Adds one message. Capacity is the caller's to check (`fits`): a retried message always finds its place again. */
  push(item: T): void {
    (item.isSuspect ? this.#retries : this.#waiting).add(item);
    this.#characters += item.text.length;
  }

  /** Frees the place of a message whose client left or whose time is up; false where it is not waiting. */
  remove(item: T): boolean {
    if (!this.#waiting.delete(item) && !this.#retries.delete(item)) return false;
    this.#characters -= item.text.length;
    return true;
  }

  /**
   * The next batch, removed from the queue; empty when nothing waits.
   * @param idleWorkers - how many workers could take one now: the waiting messages are shared out between them
   */
  take(idleWorkers = 1): T[] {
    const [retry] = this.#retries;
    const batch = retry === undefined ? this.#choose(idleWorkers) : [retry];
    for (const item of batch) this.remove(item);
    return batch;
  }

  #choose(idleWorkers: number): T[] {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return [];
    const share = Math.ceil(this.#waiting.size / Math.max(1, idleWorkers));
    const size = Math.min(this.#limits.maxBatchSize, share);
    const candidates = [...this.#waiting].slice(1);
    // A stable sort: among equally near lengths the older message goes first.
    candidates.sort((a, b) => Math.abs(a.tokens - oldest.tokens) - Math.abs(b.tokens - oldest.tokens));
    const batch = [oldest];
    let longest = oldest.tokens;
    for (const item of candidates) {
      if (batch.length >= size) break;
      const padded = Math.max(longest, item.tokens) * (batch.length + 1);
      if (padded > this.#limits.maxBatchTokens) continue;
      longest = Math.max(longest, item.tokens);
      batch.push(item);
    }
    return batch;
  }
}
