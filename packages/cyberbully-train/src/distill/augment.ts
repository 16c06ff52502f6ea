/**
 * Messages as people write them who are in a hurry or want to get past a filter: misspelled, in leet, spaced out, shouted.
 * A pure function of text, weights and random numbers; the label stays what it was.
 */
import type { Random } from "@btp/core-gpt";
import type { Augmentation } from "./recipe.js";

type Change = (text: string, random: Random) => string;

const leetDigits: Readonly<Record<string, string>> = {
  a: "@4",
  b: "8",
  e: "3",
  g: "9",
  i: "1!",
  l: "1",
  o: "0",
  s: "$5",
  t: "7",
  u: "v*",
};
const neighbours: Readonly<Record<string, string>> = {
  a: "qsz",
  b: "vn",
  c: "xv",
  d: "sf",
  e: "wr",
  f: "dg",
  g: "fh",
  h: "gj",
  i: "uo",
  j: "hk",
  k: "jl",
  l: "k",
  m: "n",
  n: "bm",
  o: "ip",
  p: "o",
  q: "wa",
  r: "et",
  s: "ad",
  t: "ry",
  u: "yi",
  v: "cb",
  w: "qe",
  x: "zc",
  y: "tu",
  z: "xa",
};

const changes: Readonly<Record<keyof Augmentation, Change>> = {
  misspelling: misspell,
  leet: writeLeet,
  spacing: spaceOut,
  casing: changeCase,
};

/** One kind of change, drawn by its weight; a text without a word of three letters stays as it is. */
export function augmentText(text: string, weights: Augmentation, random: Random): string {
  const kinds = [
    ["misspelling", weights.misspelling],
    ["leet", weights.leet],
    ["spacing", weights.spacing],
    ["casing", weights.casing],
  ] as const;
  let drawn = random() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of kinds) {
    if (drawn < weight) return changes[kind](text, random);
    drawn -= weight;
  }
  return text;
}

/** About every fifth word, at least one: a letter dropped, doubled, swapped with the next or struck beside its key. */
function misspell(text: string, random: Random): string {
  return changeWords(text, 0.2, random, (word) => {
    const at = Math.floor(random() * (word.length - 1));
    const [before, letter, next, after] = [word.slice(0, at), word[at]!, word[at + 1]!, word.slice(at + 2)];
    const keys = neighbours[letter.toLowerCase()] ?? letter;
    const kind = Math.floor(random() * 4);
    if (kind === 0) return before + next + after;
    if (kind === 1) return before + letter + letter + next + after;
    if (kind === 2) return before + next + letter + after;
    return before + keys[Math.floor(random() * keys.length)]! + next + after;
  });
}

/** About a third of the words, about half of their letters that have a look-alike. */
function writeLeet(text: string, random: Random): string {
  return changeWords(text, 0.35, random, (word) =>
    word.replace(/[abegilostu]/gi, (letter) => {
      const choices = leetDigits[letter.toLowerCase()] ?? letter;
      return random() < 0.5 ? choices[Math.floor(random() * choices.length)]! : letter;
    }),
  );
}

/** About every fifth word: "l o s e r", "l.o.s.e.r", "los er". */
function spaceOut(text: string, random: Random): string {
  return changeWords(text, 0.2, random, (word) => {
    const kind = random();
    if (kind < 0.4) return word.split("").join(" ");
    if (kind < 0.6) return word.split("").join(kind < 0.5 ? "." : "-");
    const at = 1 + Math.floor(random() * (word.length - 1));
    return `${word.slice(0, at)} ${word.slice(at)}`;
  });
}

function changeCase(text: string, random: Random): string {
  if (random() < 0.5) return random() < 0.5 ? text.toUpperCase() : text.toLowerCase();
  return text.replace(/[a-z]/gi, (letter) => (random() < 0.5 ? letter.toUpperCase() : letter.toLowerCase()));
}

/** Mentions and links are left alone: they say who and where. */
function changeWords(text: string, part: number, random: Random, change: (word: string) => string): string {
  const words = [...text.matchAll(/(?<![@#\w/.:])[a-z]{3,}(?![\w/:])/gi)];
  if (words.length === 0) return text;
  const certain = Math.floor(random() * words.length);
  let result = "";
  let at = 0;
  words.forEach((word, i) => {
    if (i !== certain && random() >= part) return;
    result += text.slice(at, word.index) + change(word[0]);
    at = word.index + word[0].length;
  });
  return result + text.slice(at);
}
