/** Cuts a long message into overlapping parts that a model reads whole. Pure: lengths in, ranges out. */

export interface TextRange {
  /** UTF-16 offset of the first unit. */
  readonly start: number;
  /** UTF-16 offset after the last unit. */
  readonly end: number;
}

/** An insult that a cut goes through is whole in the next part, up to this share of a part. */
const OVERLAP = 1 / 8;
/** How far back from the limit a cut looks for a space, as a share of a part. */
const REACH = 1 / 8;

/**
 * @param length - of each part, in UTF-16 units, at least 16
 * @returns ranges in order that cover the text; cut at white space where there is some near, never inside a character
 */
export function cutText(text: string, length: number): TextRange[] {
  const ranges: TextRange[] = [];
  const size = Math.max(16, Math.floor(length));
  let start = 0;
  while (start < text.length) {
    const end =
      text.length - start <= size ? text.length : cutBefore(text, start + size, Math.floor(size * REACH));
    ranges.push({ start, end });
    if (end === text.length) break;
    start = cutBefore(text, end - Math.floor(size * OVERLAP), Math.floor(size * REACH));
  }
  return ranges;
}

/** The nearest place at or before `at` where a word begins; `at` itself where none lies within `reach`. */
function cutBefore(text: string, at: number, reach: number): number {
  for (let place = at; place > at - reach; place--) {
    if (/\s/.test(text.charAt(place - 1))) return place;
  }
  const unit = text.charCodeAt(at);
  const isLowSurrogate = unit >= 0xdc00 && unit <= 0xdfff;
  return isLowSurrogate ? at - 1 : at;
}
