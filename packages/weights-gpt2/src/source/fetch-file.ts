/**
 * Downloads one file to its place: resumes what was begun, goes on after cuts and stalls, waits and tries again where the
 * server asks for it, and gives the file its name only when length and hash are right. One process at a time (file-lock.ts).
 */
import { WeightsError } from "../errors.js";
import type { Clock } from "./clock.js";
import { begin, MAX_FILE_BYTES, mismatch, TransientFailure } from "./judge-response.js";
import type { PinnedFile } from "./manifest.js";
import { PartFile } from "./part-file.js";
import { publicAddress, requestFile, type ToldIdentity } from "./request.js";

export interface FetchFileOptions {
  readonly token: string | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Tries without progress before giving up. */
  readonly maxAttempts: number;
  /** A connection that brings nothing for this long is given up and tried again. */
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called when the size is known, before bytes are written. */
  readonly ensureSpace: (missingBytes: number) => Promise<void>;
  readonly onBytes: (received: number, total: number | undefined) => void;
  readonly onRetry: (reason: string, delayMs: number, attempt: number) => void;
}

export interface FetchedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly url: string;
  /** What the hash was compared with; "none": only the length and, later, the tensors were checked. */
  readonly checkedAgainst: "pinned" | "server" | "none";
}

const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
/** Bytes that count as progress, so that a server cutting after every byte is given up. */
const PROGRESS_BYTES = 2 ** 20;

/**
 * @param path - where the finished file goes; `.part` and `.part.json` beside it hold what was begun
 * @throws {WeightsError} NOT_FOUND, ACCESS_DENIED, DOWNLOAD_FAILED, CHECKSUM_MISMATCH, NOT_ENOUGH_SPACE, ABORTED
 */
export async function fetchFile(
  url: string,
  path: string,
  pinned: PinnedFile,
  options: FetchFileOptions,
): Promise<FetchedFile> {
  const part = await PartFile.open(path, url);
  let finished = false;
  try {
    let failures = 0;
    let mismatches = 0;
    for (;;) {
      const before = part.position;
      try {
        throwIfAborted(options.signal, part);
        const told = await receive(url, part, pinned, options);
        const problem = await mismatch(part, pinned, told);
        if (problem === undefined) {
          const bytes = part.position;
          const sha256 = part.sha256();
          await part.finish();
          finished = true;
          const server = told.sha256 !== undefined || told.gitBlob !== undefined;
          const checkedAgainst = pinned.sha256 !== undefined ? "pinned" : server ? "server" : "none";
          return { name: pinned.name, bytes, sha256, url: publicAddress(url), checkedAgainst };
        }
        await part.restart();
        // Once more from the beginning: a damaged copy may sit in one of many caches.
        if (++mismatches > 1)
          throw new WeightsError("CHECKSUM_MISMATCH", `${publicAddress(url)}: ${problem}.`);
        throw new TransientFailure(problem);
      } catch (error) {
        const failure = asTransient(error, url, options.signal, part);
        const progress =
          part.position - before >= Math.min(PROGRESS_BYTES, (part.state?.totalBytes ?? Infinity) / 100);
        failures = progress ? 1 : failures + 1;
        if (failures >= Math.min(options.maxAttempts, failure.maxAttempts)) {
          throw new WeightsError(
            "DOWNLOAD_FAILED",
            `${publicAddress(url)}: ${failure.message}, ${failures} times. ${fate(part)}`,
            { cause: error },
          );
        }
        const delay = failure.retryAfterMs ?? backOff(failures, options.random);
        options.onRetry(failure.message, delay, failures);
        await options.clock.sleep(delay, options.signal).catch(() => undefined);
      }
    }
  } finally {
    if (!finished) await part.close();
  }
}

/** Doubles from half a second to half a minute; half of it by chance, so that many clients do not come back at once. */
function backOff(failures: number, random: () => number): number {
  return Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (failures - 1)) * (0.5 + random() / 2);
}

/** What becomes of the bytes so far, for the end of a message. */
function fate(part: PartFile): string {
  return part.position > 0
    ? `The ${part.position} bytes that came are kept; the next try goes on from them.`
    : "Nothing of the file came.";
}

function throwIfAborted(signal: AbortSignal | undefined, part: PartFile): void {
  if (signal?.aborted) throw new WeightsError("ABORTED", `The download was stopped. ${fate(part)}`);
}

function asTransient(
  error: unknown,
  url: string,
  signal: AbortSignal | undefined,
  part: PartFile,
): TransientFailure {
  throwIfAborted(signal, part);
  if (error instanceof TransientFailure) return error;
  if (error instanceof WeightsError) throw error;
  // fetch reports every broken connection as a TypeError whose cause has the reason.
  if (error instanceof TypeError || (error instanceof Error && error.name === "AbortError")) {
    const cause: unknown = error.cause;
    const code =
      cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "cut";
    // No such name: behind a firewall it stays so.
    const attempts = code === "ENOTFOUND" || code === "EAI_AGAIN" ? 2 : undefined;
    return new TransientFailure(
      `the connection to ${new URL(url).host} failed (${code})`,
      undefined,
      attempts,
    );
  }
  throw error;
}

/** One connection: brings `part` as far as it gets. Returns normally only when all bytes are there. */
async function receive(
  url: string,
  part: PartFile,
  pinned: PinnedFile,
  options: FetchFileOptions,
): Promise<ToldIdentity> {
  const stall = new AbortController();
  const signal =
    options.signal === undefined ? stall.signal : AbortSignal.any([options.signal, stall.signal]);
  let stalled = false;
  let timer: NodeJS.Timeout | undefined;
  const restartTimer = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stalled = true;
      stall.abort();
    }, options.stallTimeoutMs);
  };
  try {
    restartTimer();
    const { state } = part;
    const range =
      state !== undefined && part.position > 0
        ? { from: part.position, validator: state.validator }
        : undefined;
    const { response, told } = await requestFile(url, { token: options.token, range, signal });
    try {
      const total = await begin(url, response, told, part, pinned);
      await options.ensureSpace(total === undefined ? 0 : total - part.position);
      options.onBytes(part.position, total);
      const limit = total ?? MAX_FILE_BYTES;
      for await (const chunk of response.body ?? []) {
        restartTimer();
        if (part.position + chunk.byteLength > limit) {
          await part.restart();
          throw new TransientFailure(`the server sent more than the ${limit} bytes of the file`);
        }
        await part.append(chunk);
        options.onBytes(part.position, total);
      }
      if (total !== undefined && part.position < total) {
        throw new TransientFailure(`the connection ended after ${part.position} of ${total} bytes`);
      }
    } catch (error) {
      await response.body?.cancel().catch(() => undefined);
      throw error;
    }
    return told;
  } catch (error) {
    if (stalled) throw new TransientFailure(`nothing came for ${options.stallTimeoutMs / 1000} s`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
