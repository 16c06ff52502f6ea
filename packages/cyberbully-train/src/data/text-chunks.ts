/** A file's bytes on their way to a parser: hashed, the byte order mark taken off, files that are no text refused. */
import type { Hash } from "node:crypto";
import { TrainDataError } from "./errors.js";

export interface TextChunksOptions {
  /** Updated with every byte, the mark included. */
  readonly hash?: Hash;
  /** Whether a NUL in the first chunk makes a file binary (true), or is a character like others: then a message may hold one. */
  readonly refusesNul?: boolean;
}

/**
 * @param path - for error messages
 * @throws {TrainDataError} NOT_TEXT: UTF-16, an archive or other binary bytes in the first chunk
 */
export async function* textChunks(
  source: AsyncIterable<Uint8Array>,
  path: string,
  { hash, refusesNul = true }: TextChunksOptions = {},
): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const chunk of source) {
    hash?.update(chunk);
    yield first ? withoutMark(chunk, path, refusesNul) : chunk;
    first = false;
  }
}

function withoutMark(chunk: Uint8Array, path: string, refusesNul: boolean): Uint8Array {
  const [a, b, c] = chunk;
  if (a === 0xef && b === 0xbb && c === 0xbf) return chunk.subarray(3);
  const kind = kindOf(chunk) ?? (refusesNul && chunk.includes(0) ? "binary bytes" : undefined);
  if (kind !== undefined)
    throw new TrainDataError(
      "NOT_TEXT",
      `Expected text in UTF-8, got ${kind} in ${path}. ${advice[kind]} and try again.`,
    );
  return chunk;
}

const advice = {
  "UTF-16 text": "Save it in UTF-8",
  "a zip archive or spreadsheet": "Save it as CSV in UTF-8",
  "gzip-compressed bytes": "Unpack it",
  "binary bytes": "Save it as text in UTF-8",
} as const;

function kindOf(chunk: Uint8Array): keyof typeof advice | undefined {
  const [a, b, c, d] = chunk;
  const hasMark = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  // Without a mark: each second byte of two Latin letters is zero.
  const isWide = (b === 0 && d === 0) || (a === 0 && c === 0);
  if (hasMark || (isWide && chunk.length >= 4 && chunk.some((byte) => byte !== 0))) return "UTF-16 text";
  if (a === 0x50 && b === 0x4b && c === 3) return "a zip archive or spreadsheet";
  if (a === 0x1f && b === 0x8b) return "gzip-compressed bytes";
  return undefined;
}
