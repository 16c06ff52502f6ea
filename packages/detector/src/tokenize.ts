/** From messages to the ids the network reads: input checked and bounded, other work let in. The tokenizer is core-gpt's. */
import { setImmediate } from "node:timers/promises";
import type { Encoding, Tokenizer } from "@btp/core-gpt/tokenizer";
import { DetectorError } from "./errors.js";

/**
 * Longest message that is looked at, in UTF-16 units. Counting a message's tokens means tokenising all of it, about
 * 0.2 s a million; this bounds what one message can cost.
 */
export const maxMessageLength = 4_000_000;

/** @throws {DetectorError} INPUT_INVALID naming the position of whatever is not a string or too long */
export function checkTexts(texts: readonly string[]): void {
  if (!Array.isArray(texts)) {
    throw new DetectorError(
      "INPUT_INVALID",
      `Expected a list of messages, got ${typeof texts}. Wrap one in [ ].`,
    );
  }
  texts.forEach((text: unknown, position) => {
    if (typeof text !== "string") {
      throw new DetectorError(
        "INPUT_INVALID",
        `Expected message ${position} to be a string, got ${typeof text}.`,
      );
    }
    if (text.length > maxMessageLength) {
      throw new DetectorError(
        "INPUT_INVALID",
        `Expected message ${position} to have at most ${maxMessageLength} characters, got ${text.length}. Split it.`,
      );
    }
  });
}

/** Characters tokenised before other work of the process gets its turn: about 20 ms. */
const charactersPerTurn = 100_000;

/** @returns for each message at most `maxLength` ids, and how many tokens the whole message has */
export async function tokenizeMessages(
  tokenizer: Tokenizer,
  texts: readonly string[],
  maxLength: number,
): Promise<Encoding[]> {
  const encodings: Encoding[] = [];
  let characters = 0;
  for (const text of texts) {
    encodings.push(tokenizer.encode(text, { maxTokens: maxLength }));
    characters += text.length;
    if (characters >= charactersPerTurn) {
      characters = 0;
      await setImmediate();
    }
  }
  return encodings;
}
