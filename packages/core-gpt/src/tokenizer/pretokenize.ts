/**
 * Cuts text into pieces (words, numbers, runs of signs and of white space); byte pair encoding then joins bytes within
 * a piece, never across. Each character is looked at a fixed number of times, so no text takes more than linear time.
 *
 * The rule is the regular expression of GPT-2 (openai/gpt-2 src/encoder.py):
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * with JavaScript's classes, as in js-tiktoken. (Python's \s differs in U+0085, U+001C to U+001F and U+FEFF.)
 */

const unknown = 0;
const letter = 1;
const number = 2;
const space = 3;
const sign = 4;

/** Class of each code point, filled in when one is first met: 1.1 MB. */
const classes = new Uint8Array(0x11_0000);

function classOf(codePoint: number): number {
  const known = classes[codePoint]!;
  if (known !== unknown) return known;
  const character = String.fromCodePoint(codePoint);
  let found = sign;
  if (/\p{L}/u.test(character)) found = letter;
  else if (/\p{N}/u.test(character)) found = number;
  else if (/\s/u.test(character)) found = space;
  classes[codePoint] = found;
  return found;
}

const apostrophe = 0x27;
const blank = 0x20;

/** Length of an English ending that begins at `start` with an apostrophe ('s 't 're 've 'm 'll 'd), else 0. */
function endingAt(text: string, start: number): number {
  switch (text[start + 1]) {
    case "s":
    case "t":
    case "m":
    case "d":
      return 2;
    case "r":
    case "v":
      return text[start + 2] === "e" ? 3 : 0;
    case "l":
      return text[start + 2] === "l" ? 3 : 0;
    default:
      return 0;
  }
}

/** The end of the run of characters of one class. */
function runEnd(text: string, start: number, kind: number): number {
  let end = start;
  while (end < text.length) {
    const codePoint = text.codePointAt(end)!;
    if (classOf(codePoint) !== kind) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}

/**
 * Where the piece that begins at `start` ends (exclusive).
 * @param start - 0 or the end of the piece before; less than text.length
 */
export function pieceEnd(text: string, start: number): number {
  const first = text.codePointAt(start)!;
  if (first === apostrophe) {
    const ending = endingAt(text, start);
    if (ending > 0) return start + ending;
  }
  const kind = classOf(first);
  if (kind !== space) return runEnd(text, start, kind);
  if (first === blank && start + 1 < text.length) {
    // One blank belongs to the word behind it: " word" is a token of its own.
    const following = classOf(text.codePointAt(start + 1)!);
    if (following !== space) return runEnd(text, start + 1, following);
  }
  const end = runEnd(text, start, space);
  // The last blank of a run is left to the word that follows, if one does.
  return end < text.length && end - start > 1 ? end - 1 : end;
}
