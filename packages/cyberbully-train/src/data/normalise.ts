/**
 * The form of a message in which copies are recognised: without mentions, links, HTML escapes, case and punctuation.
 * For comparing only; models read the text as it was written.
 */

const MENTION = /@[\p{L}\p{N}_]+/gu;
const LINK = /(?:https?:\/\/|www\.)\S+/giu;
const RETWEET = /^\s*RT\b/u;
const NOT_WORD = /[^\p{L}\p{M}\p{N}]+/gu;
const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

/** Decodes the escapes that scraped text holds. Once: text that was escaped twice keeps one layer. */
export function decodeHtml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === "string") return named[name.toLowerCase()] ?? whole;
    const code =
      typeof decimal === "string" ? Number.parseInt(decimal, 10) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : " ";
  });
}

/** The words of a message in comparable form; empty for a message of links, mentions and signs only. */
export function comparableWords(text: string): string[] {
  const plain = decodeHtml(decodeHtml(text))
    .normalize("NFKC")
    .replace(RETWEET, " ")
    .replace(LINK, " ")
    .replace(MENTION, " ");
  // An apostrophe is dropped, not a break: "don't" and "dont" are one word.
  const words = plain.toLowerCase().replace(/['’]/g, "").replace(NOT_WORD, " ").trim();
  return words === "" ? [] : words.split(" ");
}

/** Equal for messages that differ in mentions, links, escapes, case and punctuation only. */
export function comparisonKey(text: string): string {
  const words = comparableWords(text);
  // Emoji and signs are all that such a message says: without this each would be a copy of every other.
  return words.length > 0 ? words.join(" ") : `\0${text.trim()}`;
}
