/** A file's bytes on their way to the CSV parser: hashed, the byte order mark taken off, files that are no text refused. */
import type { Hash } from "node:crypto";
import { TrainDataError } from "./errors.js";

/**
 * @param hash - if there is one, updated with every byte, the mark included
 * @throws {TrainDataError} NOT_TEXT: UTF-16, an archive or other bytes with a NUL in the first chunk
 */
export async function* textChunks(
  source: AsyncIterable<Uint8Array>,
  path: string,
  hash?: Hash,
): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const chunk of source) {
    hash?.update(chunk);
    yield first ? withoutMark(chunk, path) : chunk;
    first = false;
  }
}

function withoutMark(chunk: Uint8Array, path: string): Uint8Array {
  const [a, b, c] = chunk;
  if (a === 0xef && b === 0xbb && c === 0xbf) return chunk.subarray(3);
  const kind = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) ? "UTF-16 text" : notText(chunk);
  if (kind !== undefined)
    throw new TrainDataError(
      "NOT_TEXT",
      `Expected CSV text in UTF-8, got ${kind} in ${path}. Save it as CSV in UTF-8 and try again.`,
    );
  return chunk;
}

function notText(chunk: Uint8Array): string | undefined {
  if (chunk[0] === 0x50 && chunk[1] === 0x4b && chunk[2] === 3) return "a zip archive or spreadsheet";
  if (chunk[0] === 0x1f && chunk[1] === 0x8b) return "gzip-compressed bytes";
  return chunk.includes(0) ? "binary bytes" : undefined;
}
