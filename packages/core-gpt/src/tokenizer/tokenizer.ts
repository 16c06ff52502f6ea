/**
 * GPT-2's tokenizer: text to token ids and back. Same ids as js-tiktoken's "gpt2" on every text, and safe on every text:
 * time is linear in the length, memory is bounded. Text that looks like a special token ("<|endoftext|>") is text.
 */
import { GptError } from "../errors.js";
import { LongMerge, mergeShort } from "./byte-pair.js";
import { type Encoding, IdCollector } from "./id-collector.js";
import { MergeTable, parseRanks } from "./merges.js";
import { PieceCache } from "./piece-cache.js";
import { pieceEnd } from "./pretokenize.js";
import { readUtf8, writeUtf8 } from "./utf8.js";

export interface EncodeOptions {
  /** Ids beyond this many are counted, not returned. A whole number from 0; default: no limit. */
  readonly maxTokens?: number;
}

export interface Tokenizer {
  /** V: ids are from 0 to vocabSize - 1. */
  readonly vocabSize: number;
  /** A lone surrogate, which UTF-8 cannot hold, is read as U+FFFD. */
  encode(text: string, options?: EncodeOptions): Encoding;
  /** Bytes that are not UTF-8, as where a character is cut, become U+FFFD. @throws {GptError} UNKNOWN_TOKEN */
  decode(ids: ArrayLike<number>): string;
  /** The bytes of one token; not to be written to. @throws {GptError} UNKNOWN_TOKEN */
  tokenBytes(id: number): Uint8Array;
}

/** Up to this many bytes the quadratic merge is the faster one. */
const longestWord = 128;

export class Gpt2Tokenizer implements Tokenizer {
  readonly vocabSize: number;
  /** Which tokens join to which: see `MergeTable`. */
  readonly merges: MergeTable;
  readonly #special: ReadonlyMap<number, Uint8Array>;
  readonly #longMerge: LongMerge;
  readonly #cache = new PieceCache();
  readonly #wordBytes = new Uint8Array(longestWord);
  readonly #wordTokens = new Int32Array(longestWord);

  /**
   * @param merges - the tokens and their joins
   * @param special - further ids that stand for no text of a message, and how they are shown
   */
  constructor(merges: MergeTable, special: ReadonlyMap<number, string>) {
    this.merges = merges;
    const utf8 = new TextEncoder();
    this.#special = new Map([...special].map(([id, text]) => [id, utf8.encode(text)]));
    this.#longMerge = new LongMerge(merges);
    this.vocabSize = merges.size + special.size;
  }

  encode(text: string, { maxTokens }: EncodeOptions = {}): Encoding {
    const collected = new IdCollector(maxTokens);
    let start = 0;
    while (start < text.length) {
      const end = pieceEnd(text, start);
      collected.add(this.encodePiece(text, start, end));
      start = end;
    }
    return collected.finish();
  }

  /** The ids of `text` from start to end, a piece as `pieceEnd` cuts it; not to be written to. */
  encodePiece(text: string, start: number, end: number): readonly number[] {
    const known = this.#cache.get(text, start, end);
    if (known !== undefined) return known;
    const ids = this.#mergePiece(text, start, end);
    this.#cache.set(text, start, end, ids);
    return ids;
  }

  decode(ids: ArrayLike<number>): string {
    return readUtf8(Array.from(ids, (id) => this.tokenBytes(id)));
  }

  tokenBytes(id: number): Uint8Array {
    const bytes = this.merges.bytesOf(id) ?? this.#special.get(id);
    if (bytes === undefined)
      throw new GptError("UNKNOWN_TOKEN", `expected a token id from 0 to ${this.vocabSize - 1}, got ${id}`);
    return bytes;
  }

  #mergePiece(text: string, start: number, end: number): number[] {
    const room = 3 * (end - start);
    const isWord = room <= longestWord;
    const bytes = isWord ? this.#wordBytes : new Uint8Array(room);
    const tokens = isWord ? this.#wordTokens : new Int32Array(room);
    const length = writeUtf8(text, start, end, bytes);
    for (let i = 0; i < length; i++) tokens[i] = this.merges.byteTokens[bytes[i]!]!;
    const count =
      length <= longestWord ? mergeShort(tokens, length, this.merges) : this.#longMerge.merge(tokens, length);
    const ids: number[] = [];
    for (let i = 0; i < count; i++) ids.push(tokens[i]!);
    return ids;
  }
}

let loading: Promise<Gpt2Tokenizer> | undefined;

/** GPT-2's tokenizer. Its ranks are loaded and its merges recovered on the first call; later calls give the same object. */
export function createTokenizer(): Promise<Gpt2Tokenizer> {
  loading ??= import("js-tiktoken/ranks/gpt2").then(({ default: gpt2 }) => {
    const special = Object.entries(gpt2.special_tokens).map(([text, id]) => [id, text] as const);
    return new Gpt2Tokenizer(new MergeTable(parseRanks(gpt2.bpe_ranks)), new Map(special));
  });
  return loading;
}
