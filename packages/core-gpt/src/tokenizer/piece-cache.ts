/** Remembers the ids of pieces that were met lately, since most words of most messages are the same few thousand. */

/** In UTF-16 units. Longer pieces are rarely met twice. */
const longestPiece = 24;

/** A power of two. */
const slots = 1 << 15;

/**
 * One piece for each hash: a piece that falls on another's place takes it. So memory is bounded (some megabytes at most),
 * nothing needs to be tidied, and text made to fill the cache only loses its benefit.
 */
export class PieceCache {
  readonly #pieces: (string | undefined)[] = new Array(slots);
  readonly #ids: (readonly number[] | undefined)[] = new Array(slots);

  /** Looks up `text` from start to end without cutting it out. */
  get(text: string, start: number, end: number): readonly number[] | undefined {
    const length = end - start;
    if (length > longestPiece) return undefined;
    const slot = slotOf(text, start, end);
    const piece = this.#pieces[slot];
    if (piece === undefined || piece.length !== length) return undefined;
    for (let i = 0; i < length; i++) {
      if (piece.charCodeAt(i) !== text.charCodeAt(start + i)) return undefined;
    }
    return this.#ids[slot];
  }

  set(text: string, start: number, end: number, ids: readonly number[]): void {
    if (end - start > longestPiece) return;
    const slot = slotOf(text, start, end);
    // A slice of a message would keep the whole message in memory; joined and cut again, it is a copy of its own.
    this.#pieces[slot] = ` ${text.slice(start, end)}`.slice(1);
    this.#ids[slot] = ids;
  }
}

/** FNV-1a over UTF-16 units, folded to the number of slots. */
function slotOf(text: string, start: number, end: number): number {
  let hash = 0x811c_9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return (hash ^ (hash >>> 15)) & (slots - 1);
}
