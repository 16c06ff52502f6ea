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
