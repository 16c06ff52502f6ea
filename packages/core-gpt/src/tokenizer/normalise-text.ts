/**
 * Text as small models read it: what says nothing about a message's meaning is made the same everywhere, so that a small
 * vocabulary goes further and spelling tricks with invisible or look-alike characters do nothing. A pure function of the
 * text, off unless a model was trained with it; it is part of such a model, and its name changes when its result would.
 *
 * Each step is one pass, so time is linear in the length. Only compatibility composition can make a text longer, at most
 * 18 times (U+FDFA).
 */
import type { EncodeOptions, Tokenizer } from "./tokenizer.js";

/** The rules of this file, for a model's configuration. */
export const textNormalisation = "messages-v1";

/** Named references that occur in messages; all others stay as they are written. */
const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  lsquo: "'",
  rsquo: "'",
  ldquo: '"',
  rdquo: '"',
  hellip: "...",
  ndash: "-",
  mdash: "-",
  bull: "•",
  middot: "·",
  pound: "£",
  euro: "€",
  cent: "¢",
  copy: "©",
  reg: "®",
  trade: "™",
  deg: "°",
  times: "×",
  hearts: "♥",
  eacute: "é",
  agrave: "à",
  egrave: "è",
  ccedil: "ç",
  ntilde: "ñ",
  uuml: "ü",
  ouml: "ö",
  auml: "ä",
  szlig: "ß",
};

const reference = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g;
/** As programs print what they cannot show: \u00e9, \xe9, \n. */
const escaped = /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrt])/g;
const quotes: Readonly<Record<string, string>> = {
  "\u2018": "'",
  "\u2019": "'",
  "\u00b4": "'",
  "`": "'",
  "\u201c": '"',
  "\u201d": '"',
  "\u2013": "-",
  "\u2014": "-",
};
const typographic = /[\u2018\u2019\u00b4`\u201c\u201d\u2013\u2014]/g;
/** Zero widths, directions, soft hyphens, emoji variants, control characters but tab and line ends, halves of a pair. */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\ufe0f|\p{Surrogate}/gu;
/** As the stream-safe text format of Unicode (UAX #15): composing longer runs of marks takes time by their length squared. */
const markRun = /(\p{M}{30})\p{M}+/gu;
const link = /https?:\/\/\S+|www\.\S+/gi;
const mention = /@[\p{L}\p{N}_]+/gu;
const longRun = /(.)\1{3,}/gsu;

/**
 * References and escapes undone, compatibility characters composed, invisible ones removed, links to "http", mentions to
 * "@user", small letters, at most three of a character in a row, single spaces, none at the ends.
 */
export function normaliseText(text: string): string {
  let result = text;
  // Twice, since texts that went through two programs carry "&amp;amp;".
  if (result.includes("&")) result = readReferences(readReferences(result));
  if (result.includes("\\")) result = result.replace(escaped, readEscape);
  return result
    .replace(markRun, "$1")
    .replace(typographic, replaceQuote)
    .normalize("NFKC")
    .replace(typographic, replaceQuote)
    .replace(invisible, "")
    .replace(link, "http")
    .replace(mention, "@user")
    .toLowerCase()
    .replace(longRun, "$1$1$1")
    .replace(/\s+/g, " ")
    .trim();
}

const replaceQuote = (character: string): string => quotes[character] ?? character;

function readReferences(text: string): string {
  return text.replace(reference, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole;
    const code = decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? "", 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}

function readEscape(_: string, unicode?: string, byte?: string): string {
  const hex = unicode ?? byte;
  return hex === undefined ? " " : String.fromCharCode(Number.parseInt(hex, 16));
}

/** A tokenizer that reads every text normalised. Ids, and what they decode to, are those of the normalised text. */
export function withNormalisation(tokenizer: Tokenizer): Tokenizer {
  return {
    vocabSize: tokenizer.vocabSize,
    encode: (text: string, options?: EncodeOptions) => tokenizer.encode(normaliseText(text), options),
    decode: (ids) => tokenizer.decode(ids),
    tokenBytes: (id) => tokenizer.tokenBytes(id),
  };
}
