/**
 * One GET request, with redirects followed by hand: a token goes to the first server only, a step down from https to http is
 * refused, and what the hub says about a file on the way (its size and hash) is kept. Reads no body.
 */
import { WeightsError } from "../errors.js";

export interface ServerResponse {
  readonly response: Response;
  /** What the Hugging Face hub tells of the file before it sends the client on to its storage. */
  readonly told: ToldIdentity;
}

export interface ToldIdentity {
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
  /** Git's object id of a small file: SHA-1 of "blob SIZE\0" and the bytes. */
  readonly gitBlob: string | undefined;
}

export interface RequestOptions {
  readonly token: string | undefined;
  /** Resume from this byte, provided that the file still has the validator. */
  readonly range: { readonly from: number; readonly validator: string } | undefined;
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 10;

/** Where a file comes from, fit for messages: signed addresses carry secrets in their queries. */
export function publicAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** @throws {WeightsError} DOWNLOAD_FAILED for redirects that cannot be followed; fetch's TypeError for a broken connection */
export async function requestFile(url: string, options: RequestOptions): Promise<ServerResponse> {
  const { token, range, signal } = options;
  const firstOrigin = new URL(url).origin;
  let current = url;
  let tokenAllowed = token !== undefined;
  let told: ToldIdentity = { bytes: undefined, sha256: undefined, gitBlob: undefined };
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    tokenAllowed &&= new URL(current).origin === firstOrigin;
    // identity: lengths, ranges and hashes are those of the file, not of a compressed form of it.
    const headers: Record<string, string> = {
      "accept-encoding": "identity",
      "user-agent": "btp-weights/0.1",
    };
    if (tokenAllowed) headers.authorization = `Bearer ${token}`;
    if (range !== undefined) {
      headers.range = `bytes=${range.from}-`;
      headers["if-range"] = range.validator;
    }
    const response = await fetch(current, { headers, redirect: "manual", signal });
    told = mergeTold(told, response);
    if (![301, 302, 303, 307, 308].includes(response.status)) return { response, told };
    await response.body?.cancel();
    current = nextAddress(current, response.headers.get("location"));
  }
  throw new WeightsError(
    "DOWNLOAD_FAILED",
    `${publicAddress(url)} redirects more than ${MAX_REDIRECTS} times.`,
  );
}

function nextAddress(current: string, location: string | null): string {
  const next = location !== null && URL.canParse(location, current) ? new URL(location, current) : undefined;
  const from = new URL(current);
  const refuse = (why: string): WeightsError =>
    new WeightsError("DOWNLOAD_FAILED", `${publicAddress(current)} redirects ${why}.`);
  if (next === undefined) throw refuse("without saying where to");
  if (next.protocol !== "https:" && next.protocol !== "http:")
    throw refuse("to something that is no web address");
  if (from.protocol === "https:" && next.protocol === "http:") throw refuse("from https to unprotected http");
  if (next.username !== "" || next.password !== "") throw refuse("to an address with a password in it");
  return next.href;
}

function mergeTold(told: ToldIdentity, response: Response): ToldIdentity {
  const { headers } = response;
  const isHub = headers.has("x-repo-commit");
  const etag = plainTag(headers.get("x-linked-etag") ?? (isHub ? headers.get("etag") : null));
  const size = Number(headers.get("x-linked-size") ?? Number.NaN);
  return {
    bytes: told.bytes ?? (Number.isSafeInteger(size) && size >= 0 ? size : undefined),
    sha256: told.sha256 ?? (/^[0-9a-f]{64}$/.test(etag) ? etag : undefined),
    gitBlob: told.gitBlob ?? (/^[0-9a-f]{40}$/.test(etag) ? etag : undefined),
  };
}

function plainTag(etag: string | null): string {
  return (etag ?? "").replace(/^W\//, "").replaceAll('"', "").toLowerCase();
}

/** What If-Range may carry: a strong ETag, else the date of the last change; undefined: the file cannot be resumed safely. */
export function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get("etag");
  if (etag !== null && !etag.startsWith("W/")) return etag;
  return headers.get("last-modified") ?? undefined;
}

/** Milliseconds that a Retry-After header asks for; seconds or a date. `now` is wall-clock time. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}
