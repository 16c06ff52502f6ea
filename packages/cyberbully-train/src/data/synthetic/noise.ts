/** What happens to messages on their way through real keyboards. The same for both labels, so that noise gives nothing away. */
import { pick, type Random } from "../random.js";

const users = [
  "user",
  "sk8_fan",
  "lena.k",
  "mr_otter",
  "nightowl7",
  "juno_x",
  "pixelpete",
  "ana_b",
  "thebigcheese",
  "rosa99",
];
const hashtags = [
  "#fyp",
  "#school",
  "#mood",
  "#weekend",
  "#justsaying",
  "#monday",
  "#real",
  "#friends",
  "#squad",
  "#nofilter",
];
const emoji = ["😂", "🤣", "😅", "🙄", "😭", "🔥", "💀", "👀", "😎", "🙃", "❤️", "👍"];
const fillers = ["btw", "tbh", "ngl", "omg", "like", "ok", "well", "so", "honestly", "idk"];
const endings = ["!", "!!", ".", "...", "?!", ""];

export function addNoise(message: string, random: Random): string {
  const chance = (share: number): boolean => random() < share;
  let text = message;
  if (chance(0.14)) text = `${pick(fillers, random)} ${text}`;
  if (chance(0.16)) text = misspell(text, random);
  if (chance(0.08)) text = stretch(text, random);
  text = changeCase(text, random);
  if (chance(0.35) && /[a-z]$/i.test(text)) text += pick(endings, random);
  if (chance(0.16)) text = `@${pick(users, random)} ${text}`;
  if (chance(0.2)) text = `${text} ${emojis(random)}`;
  if (chance(0.1)) text = `${text} ${pick(hashtags, random)}`;
  return text;
}

function changeCase(text: string, random: Random): string {
  const drawn = random();
  if (drawn < 0.07) return text.toUpperCase();
  if (drawn < 0.45)
    return text.replace(
      /(^|[.!?] )([a-z])/g,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );
  return text;
}

/** Swaps, drops or doubles one letter inside a word. */
function misspell(text: string, random: Random): string {
  const inner = [...text.matchAll(/(?<=[a-z])[a-z](?=[a-z])/g)].map(({ index }) => index);
  if (inner.length === 0) return text;
  const at = pick(inner, random);
  const letter = text[at]!;
  const kind = random();
  if (kind < 0.35) return text.slice(0, at) + text.slice(at + 1);
  if (kind < 0.7) return text.slice(0, at) + letter + text.slice(at);
  return text.slice(0, at) + text[at + 1]! + letter + text.slice(at + 2);
}

/** "so" to "sooo": the last vowel of a word drawn out. */
function stretch(text: string, random: Random): string {
  const vowels = [...text.matchAll(/[aeiou](?=[a-z]?\b)/g)].map(({ index }) => index);
  if (vowels.length === 0) return text;
  const at = pick(vowels, random);
  return text.slice(0, at) + text[at]!.repeat(3 + Math.floor(random() * 3)) + text.slice(at + 1);
}

function emojis(random: Random): string {
  const one = pick(emoji, random);
  return random() < 0.25 ? one + one : one;
}
