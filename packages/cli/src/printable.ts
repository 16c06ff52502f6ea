/**
 * Text from outside made safe to show on a terminal: one line, no control characters (an escape sequence in a message
 * could move the cursor, change the title or hide text), no invisible direction marks.
 */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** @returns the text with such characters written as escapes: "a\nb" becomes `a\nb` with a visible backslash */
export function toPrintable(text: string): string {
  return text.replace(unprintable, (character) => {
    const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
    return named ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** The same for text of several lines: line breaks and tabulators stay. */
export function toPrintableLines(text: string): string {
  return text.replace(unprintable, (character) =>
    character === "\n" || character === "\t" ? character : toPrintable(character),
  );
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
/** Of one character with all its marks, in UTF-16 units; longer ones are cut. */
const longestGrapheme = 16;

/**
 * Text that fits into so many columns of a terminal, as far as a program can know: what does not ends with an ellipsis.
 * @param text - printable
 */
export function shortened(text: string, columns: number): string {
  if (text.length * 2 <= columns) return text;
  const beginning = text.slice(0, columns * longestGrapheme);
  let used = 0;
  let fits = 0;
  for (const { segment, index } of graphemes.segment(beginning)) {
    used += wide.test(segment) ? 2 : 1;
    if (used > columns) return `${text.slice(0, fits)}…`;
    if (used < columns) fits = index + segment.length;
  }
  return beginning.length < text.length ? `${text.slice(0, fits)}…` : text;
}
