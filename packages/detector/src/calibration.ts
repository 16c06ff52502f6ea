/**
 * What an int8 network is measured on when it is loaded: a detector directory holds no messages. Written for this purpose,
 * of many lengths and tones; what they say does not matter, only that the numbers inside the network are typical.
 */
import type { Tokenizer } from "@btp/core-gpt";
import type { HostTensor } from "@btp/tfjs-jit";
import { scoreOf } from "./decide.js";

export const calibrationMessages: readonly string[] = [
  "nobody asked you, loser",
  "ok",
  "thanks so much for your help yesterday :)",
  "Why would anyone want to sit next to you? Just go home and stay there.",
  "The meeting is moved to 3 pm, room 204. Bring your notes please!",
  "lol that was SO funny I nearly fell off my chair 😂",
  "you are the ugliest thing i have ever seen and everyone at school says so too",
  "@sam_87 check https://example.org/photos?id=12 before friday, it's the one from the trip to the lake that we talked about",
  "Does somebody know how to solve the second exercise? I tried it twice and get a different answer each time.",
  "shut up shut up shut up",
];

/** Scores in int8 may differ by this much from those in float32. */
export const scoreLimit = 0.02;

/** Token ids of the messages, empty ones left out. */
export function calibrationRows(tokenizer: Tokenizer, maxLength: number): Int32Array[] {
  return calibrationMessages
    .map((message) => Int32Array.from(tokenizer.encode(message, { maxTokens: maxLength }).ids))
    .filter((row) => row.length > 0);
}

/** Largest difference of a score; NaN where one is not a number. @param exact - logits, float32 [B, 2] */
export function scoreError(
  [exact]: readonly HostTensor[],
  [approximate]: readonly HostTensor[],
  temperature: number,
): number {
  if (exact === undefined || approximate === undefined) return Number.NaN;
  if (![...exact.data, ...approximate.data].every(Number.isFinite)) return Number.NaN;
  let largest = 0;
  for (let i = 0; i < exact.data.length; i += 2) {
    const a = scoreOf(exact.data[i]!, exact.data[i + 1]!, temperature);
    const b = scoreOf(approximate.data[i]!, approximate.data[i + 1]!, temperature);
    largest = Math.max(largest, Math.abs(a - b));
  }
  return largest;
}
