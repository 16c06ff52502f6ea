/** Writes on from a prompt, token by token: as ids, or as text that comes as soon as its characters are whole. */
import { GptError } from "../errors.js";
import type { Random } from "../random.js";
import type { Tokenizer } from "../tokenizer/tokenizer.js";
import { checkSampling, type SamplingOptions, sampleToken } from "./sampling.js";
import { StopFilter } from "./stop-filter.js";
import type { TextReader } from "./text-reader.js";

export interface GenerateOptions extends SamplingOptions {
  /** Default: until something else ends it, the model's context at the latest. */
  readonly maxNewTokens?: number;
  /** Ids that end the text and are not part of it, for example 50256, <|endoftext|>. */
  readonly stopIds?: readonly number[];
  /** Not called at temperature 0. */
  readonly random: Random;
  /** Ends the text before the next token. */
  readonly signal?: AbortSignal;
}

/** What ended a text: a stop id or stop string, `maxNewTokens`, the model's context, or the signal. */
export type FinishReason = "stop" | "length" | "context" | "aborted";

/**
 * @param reader - has read nothing yet, or the beginning of the text
 * @param prompt - ids to read first, at least one
 * @returns each new id as it comes; at the end, why it ended
 * @throws {GptError} INVALID_PROMPT, INVALID_SAMPLING, INVALID_LIMIT
 */
export async function* generateIds(
  reader: TextReader,
  prompt: ArrayLike<number>,
  { maxNewTokens = Infinity, stopIds = [], random, signal, ...sampling }: GenerateOptions,
): AsyncGenerator<number, FinishReason> {
  checkSampling(sampling);
  if (maxNewTokens !== Infinity && !(Number.isInteger(maxNewTokens) && maxNewTokens >= 0))
    throw new GptError("INVALID_LIMIT", `maxNewTokens must be a whole number from 0, got ${maxNewTokens}`);
  const ids = Array.from(prompt);
  let unread: ArrayLike<number> = prompt;
  for (let written = 0; written < maxNewTokens; written++) {
    if (signal?.aborted) return "aborted";
    if (written > 0 && reader.room === 0) return "context";
    const logits = await reader.read(unread);
    const id = sampleToken(logits, random, ids, sampling);
    if (stopIds.includes(id)) return "stop";
    ids.push(id);
    unread = [id];
    yield id;
  }
  return "length";
}

export interface GenerateTextOptions extends GenerateOptions {
  /** Strings that end the text and are not part of it. */
  readonly stop?: readonly string[];
}

export interface TextPart {
  /** Whole characters, possibly none. */
  readonly text: string;
  /** Tokens written so far. */
  readonly tokens: number;
  /** Null but in the last part. */
  readonly finishReason: FinishReason | null;
}

/**
 * As `generateIds`, from text to text. A character that takes several tokens is held back until it is whole, and text that
 * may be the beginning of a stop string until it is decided. The last part, and only it, has a finish reason.
 * @param prompt - text, or ids; at least one token. A text from nothing begins with GPT-2's id 50256, <|endoftext|>.
 */
export async function* generateText(
  tokenizer: Tokenizer,
  reader: TextReader,
  prompt: string | ArrayLike<number>,
  { stop = [], ...options }: GenerateTextOptions,
): AsyncGenerator<TextPart, void> {
  const characters = new TextDecoder("utf-8", { ignoreBOM: true });
  const filter = new StopFilter(stop);
  const promptIds = typeof prompt === "string" ? tokenizer.encode(prompt).ids : prompt;
  const ids = generateIds(reader, promptIds, options);
  let tokens = 0;
  for (;;) {
    const next = await ids.next();
    if (next.done) {
      const rest = filter.push(characters.decode());
      const text = filter.stopped ? rest : rest + filter.finish();
      yield { text, tokens, finishReason: filter.stopped ? "stop" : next.value };
      return;
    }
    tokens++;
    const text = filter.push(characters.decode(tokenizer.tokenBytes(next.value), { stream: true }));
    if (filter.stopped) {
      yield { text, tokens, finishReason: "stop" };
      return;
    }
    if (text.length > 0) yield { text, tokens, finishReason: null };
  }
}
