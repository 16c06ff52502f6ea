/**
 * Byte pair encoding of one piece of text (Sennrich et al. 2016, arXiv 1508.07909): of all neighbours that can be joined,
 * join the pair whose token has the lowest rank, the leftmost one first; again and again until none can be.
 *
 * `mergeShort` does just that, searching all pairs before each join: quadratic, and fastest for words.
 * `LongMerge` gives the same tokens in time proportional to the length, whatever the text: a message may be one "word" of
 * a million letters.
 */

/** What merging asks of a vocabulary; `MergeTable` is one. */
export interface Joins {
  /** Number of tokens. */
  readonly size: number;
  /** The id of the token that two tokens join to, or -1. */
  join(left: number, right: number): number;
}

/** The most tokens that `mergeShort` takes. */
export const longestShort = 256;

/** Rank of each pair of neighbours, kept between joins; a number above all ranks where a pair cannot be joined. */
const pairRanks = new Int32Array(longestShort);
const never = 0x7fff_ffff;

/**
 * @param tokens - the tokens of the piece's bytes; overwritten with the result
 * @param count - how many of them, at most 256
 * @returns how many are left
 */
export function mergeShort(tokens: Int32Array, count: number, table: Pick<Joins, "join">): number {
  const rankAt = (i: number): number => {
    const rank = table.join(tokens[i]!, tokens[i + 1]!);
    return rank < 0 ? never : rank;
  };
  for (let i = 0; i + 1 < count; i++) pairRanks[i] = rankAt(i);
  for (let left = count; ; left--) {
    let lowest = never;
    let where = 0;
    for (let i = 0; i + 1 < left; i++) {
      if (pairRanks[i]! < lowest) {
        lowest = pairRanks[i]!;
        where = i;
      }
    }
    if (lowest === never) return left;
    tokens[where] = lowest;
    for (let i = where + 1; i + 1 < left; i++) {
      tokens[i] = tokens[i + 1]!;
      pairRanks[i] = pairRanks[i + 1]!;
    }
    if (where > 0) pairRanks[where - 1] = rankAt(where - 1);
    if (where + 2 < left) pairRanks[where] = rankAt(where);
  }
}

/**
 * Merges rank by rank: pairs wait in one queue per rank, and the queues are emptied in the order of rank.
 *
 * That is enough because a join never makes a pair of lower or equal rank. Say joining gave token r, and r with its
 * neighbour gave t of lower rank. The bytes of t were bounded by the same two edges all along, so within them merging
 * went exactly as it goes on those bytes alone; there it ends in t by joins of rank up to t (every token's bytes merge to
 * the token: `MergeTable` checks it), all of which come before r. So t would have stood there already.
 */
export class LongMerge {
  readonly #table: Joins;
  /** For each rank, the last entry of its queue; -1 where it is empty. */
  readonly #last: Int32Array;
  /** One bit a rank: whether its queue holds entries. */
  readonly #waiting: Int32Array;
  #lists = new Lists(1024);

  constructor(table: Joins) {
    this.#table = table;
    this.#last = new Int32Array(table.size).fill(-1);
    this.#waiting = new Int32Array((table.size >> 5) + 1);
  }

  /** As `mergeShort`, for any count. */
  merge(tokens: Int32Array, count: number): number {
    const lists = count <= this.#lists.capacity ? this.#lists : new Lists(count);
    lists.start(count);
    for (let i = 0; i + 1 < count; i++) this.#enqueue(i, tokens, lists);
    const waiting = this.#waiting;
    for (let word = 0; word < waiting.length; word++) {
      // Later ranks of the same word may be added while an earlier one is emptied, so look again each time.
      while (waiting[word] !== 0) {
        const bit = 31 - Math.clz32(waiting[word]! & -waiting[word]!);
        waiting[word]! &= ~(1 << bit);
        this.#joinAll((word << 5) | bit, tokens, lists);
      }
    }
    let left = 0;
    for (let i = 0; i < count; i = lists.next[i]!) tokens[left++] = tokens[i]!;
    return left;
  }

  /** Lets the pair that begins at a position wait for its rank's turn, if it can be joined. */
  #enqueue(position: number, tokens: Int32Array, lists: Lists): void {
    const follower = lists.next[position]!;
    const rank = follower < lists.count ? this.#table.join(tokens[position]!, tokens[follower]!) : -1;
    lists.pairRank[position] = rank;
    if (rank < 0) return;
    const entry = lists.entries++;
    lists.entryPosition[entry] = position;
    lists.entryBefore[entry] = this.#last[rank]!;
    this.#last[rank] = entry;
    this.#waiting[rank >> 5]! |= 1 << (rank & 31);
  }

  /** Joins every pair of one rank, from left to right. */
  #joinAll(rank: number, tokens: Int32Array, lists: Lists): void {
    const { next, previous, pairRank, queue, count } = lists;
    const length = this.#takeQueue(rank, lists);
    for (let i = 0; i < length; i++) {
      const position = queue[i]!;
      // The pair may be gone by now: one of its tokens was joined with another.
      if (pairRank[position] !== rank) continue;
      const follower = next[position]!;
      const behind = next[follower]!;
      tokens[position] = rank;
      pairRank[follower] = -1;
      next[position] = behind;
      if (behind < count) previous[behind] = position;
      if (position > 0) this.#enqueue(previous[position]!, tokens, lists);
      this.#enqueue(position, tokens, lists);
    }
  }

  /** Empties a queue into `lists.queue`, from left to right. @returns how many positions it held */
  #takeQueue(rank: number, { queue, entryPosition, entryBefore }: Lists): number {
    let length = 0;
    let sorted = true;
    for (let entry = this.#last[rank]!; entry >= 0; entry = entryBefore[entry]!) {
      queue[length] = entryPosition[entry]!;
      if (length > 0 && queue[length]! > queue[length - 1]!) sorted = false;
      length++;
    }
    this.#last[rank] = -1;
    // The last one in came out first.
    if (sorted) queue.subarray(0, length).reverse();
    else queue.subarray(0, length).sort();
    return length;
  }
}

/** The tokens of one piece as a linked list, and the entries of all queues. A token is known by its first byte's position. */
class Lists {
  readonly capacity: number;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Rank of the pair that begins here, -1 where none does. */
  readonly pairRank: Int32Array;
  /** Positions of the rank whose turn it is. A position can wait more than once for a rank, as often as it has entries. */
  readonly queue: Int32Array;
  readonly entryPosition: Int32Array;
  readonly entryBefore: Int32Array;
  count = 0;
  entries = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.pairRank = new Int32Array(capacity);
    this.queue = new Int32Array(3 * capacity);
    // Each byte begins a pair, and each of the joins, fewer than bytes, makes two pairs at most.
    this.entryPosition = new Int32Array(3 * capacity);
    this.entryBefore = new Int32Array(3 * capacity);
  }

  start(count: number): void {
    this.count = count;
    this.entries = 0;
    for (let i = 0; i < count; i++) {
      this.next[i] = i + 1;
      this.previous[i] = i - 1;
    }
  }
}
