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

/** As much as a stream's first chunk. */
const inspectedBytes = 1 << 18;

/**
 * The same for the beginning of a file, or all of it.
 * @throws {TrainDataError} NOT_TEXT
 */
export function withoutMark(chunk: Uint8Array, path: string, refusesNul = true): Uint8Array {
  const [a, b, c] = chunk;
  if (a === 0xef && b === 0xbb && c === 0xbf) return chunk.subarray(3);
  const holdsNul = refusesNul && chunk.subarray(0, inspectedBytes).includes(0);
  const kind = kindOf(chunk) ?? (holdsNul ? "binary bytes" : undefined);
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
  const [a, b, c] = chunk;
  const hasMark = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  if (a === 0x50 && b === 0x4b && c === 3) return "a zip archive or spreadsheet";
  if (a === 0x1f && b === 0x8b) return "gzip-compressed bytes";
  return hasMark || isWide(chunk.subarray(0, 512)) ? "UTF-16 text" : undefined;
}

/** UTF-16 without a mark: most characters have a zero byte, always on the same side. */
function isWide(bytes: Uint8Array): boolean {
  const zeros = [0, 0] satisfies [number, number];
  bytes.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2 === 0 ? 0 : 1]++;
  });
  const units = bytes.length >> 1;
  return units >= 2 && Math.min(...zeros) === 0 && Math.max(...zeros) > units / 2;
}
