/**
 * Judges what a server answered, before and after the bytes: is this the file that was asked for, from where it was left, and
 * is what came what it should be. Says whether another try makes sense.
 */
import { WeightsError } from "../errors.js";
import type { PinnedFile } from "./manifest.js";
import type { PartFile } from "./part-file.js";
import { publicAddress, retryAfterMs, type ToldIdentity, validatorOf } from "./request.js";

/** Larger than any file of GPT-2; a server that never stops sending is stopped here. */
export const MAX_FILE_BYTES = 16 * 2 ** 30;
/** A server that asks for more than this is not coming back soon enough to wait. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;
const SMALL_FILE_BYTES = 16 * 2 ** 20;

/** Worth another try; anything else ends the download. */
export class TransientFailure extends Error {
  readonly retryAfterMs: number | undefined;
  /** Where waiting helps little, fewer tries than usual. */
  readonly maxAttempts: number;

  constructor(message: string, retryAfter?: number, maxAttempts = Number.POSITIVE_INFINITY) {
    super(message);
    this.retryAfterMs = retryAfter;
    this.maxAttempts = maxAttempts;
  }
}

/** Judges status and headers, and makes `part` ready for the body. Returns the whole file's size where it is known. */
export async function begin(
  url: string,
  response: Response,
  told: ToldIdentity,
  part: PartFile,
  pinned: PinnedFile,
): Promise<number | undefined> {
  const { status, headers } = response;
  if (status === 416) {
    // An earlier process got everything and ended before it could give the file its name.
    const whole = /^bytes \*\/(\d+)$/.exec(headers.get("content-range") ?? "");
    if (whole !== null && Number(whole[1]) === part.position) return part.position;
    await part.restart();
    throw new TransientFailure("the server does not have the range that was asked for");
  }
  if (status !== 200 && status !== 206) throw refusal(url, response);
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new WeightsError(
      "DOWNLOAD_FAILED",
      `${publicAddress(url)} is sent compressed, though plain bytes were asked for.`,
    );
  }
  const length = headers.get("content-length");
  const contentLength = length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
  let total: number | undefined;
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
    if (range === null || Number(range[1]) !== part.position) {
      await part.restart();
      throw new TransientFailure("the server sent another range than was asked for");
    }
    total = range[2] === "*" ? undefined : Number(range[2]);
  } else {
    // The server ignores ranges, or the file is no longer the one that was begun.
    if (part.position > 0) await part.restart();
    total = contentLength;
  }
  const expected = pinned.bytes ?? told.bytes;
  if (expected !== undefined && total !== undefined && total !== expected) {
    await part.restart();
    throw new TransientFailure(`the server offers ${total} bytes; the file has ${expected}`);
  }
  if (pinned.sha256 !== undefined && told.sha256 !== undefined && told.sha256 !== pinned.sha256) {
    throw new WeightsError(
      "CHECKSUM_MISMATCH",
      `${publicAddress(url)}: the server offers a file with another SHA-256 than the pinned ${pinned.sha256}.`,
    );
  }
  const known = expected ?? total;
  if (known !== undefined && known > MAX_FILE_BYTES) {
    throw new WeightsError(
      "DOWNLOAD_FAILED",
      `${publicAddress(url)} has ${known} bytes, more than ${MAX_FILE_BYTES}.`,
    );
  }
  const validator = validatorOf(headers);
  if (status === 200) {
    if (validator === undefined) await part.restart();
    else await part.setState({ url, validator, ...(known !== undefined && { totalBytes: known }) });
  }
  return known;
}

function refusal(url: string, { status, headers }: Response): Error {
  const where = publicAddress(url);
  if (status === 404 || status === 410)
    return new WeightsError("NOT_FOUND", `${where} does not exist (${status}).`);
  if (status === 401 || status === 403) {
    return new WeightsError(
      "ACCESS_DENIED",
      `${where} may not be read (${status}); set HF_TOKEN where one is needed.`,
    );
  }
  if (status === 429 || status === 408 || status === 425 || status >= 500) {
    const wait = retryAfterMs(headers, Date.now());
    if (wait !== undefined && wait > MAX_RETRY_AFTER_MS) {
      const seconds = Math.round(wait / 1000);
      return new WeightsError(
        "DOWNLOAD_FAILED",
        `${where} asks to wait ${seconds} s (${status}); try again then.`,
      );
    }
    return new TransientFailure(`the server answered ${status}`, wait);
  }
  return new WeightsError("DOWNLOAD_FAILED", `${where} answered ${status}.`);
}

/** What is wrong with the whole file, or undefined. */
export async function mismatch(
  part: PartFile,
  pinned: PinnedFile,
  told: ToldIdentity,
): Promise<string | undefined> {
  const expectedBytes = pinned.bytes ?? told.bytes;
  if (expectedBytes !== undefined && part.position !== expectedBytes) {
    return `${part.position} bytes came, the file has ${expectedBytes}`;
  }
  const expected = pinned.sha256 ?? told.sha256;
  if (expected !== undefined) {
    const actual = part.sha256();
    return actual === expected ? undefined : `its SHA-256 is ${actual}, expected ${expected}`;
  }
  if (
    told.gitBlob !== undefined &&
    part.position <= SMALL_FILE_BYTES &&
    (await part.gitBlob()) !== told.gitBlob
  ) {
    return "its bytes do not match the hash that the server gave";
  }
  return undefined;
}
