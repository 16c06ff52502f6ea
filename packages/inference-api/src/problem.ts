/**
 * The one table of errors: code -> status and title, and the RFC 9457 document made from it.
 * OpenAPI, the operations page and the handlers all read this table; nothing else chooses a status.
 */
import type { ApiError, ApiErrorCode, FieldError } from "./errors.js";

export interface ErrorRow {
  readonly status: number;
  readonly title: string;
  /** What whoever sees it should do; printed in the OpenAPI document. */
  readonly advice: string;
}

export const ERROR_TABLE: Readonly<Record<ApiErrorCode, ErrorRow>> = {
  BAD_REQUEST: { status: 400, title: "Malformed request", advice: "Send a valid HTTP request." },
  INVALID_JSON: { status: 400, title: "Body is not JSON", advice: "Send one JSON value in UTF-8." },
  UNAUTHORIZED: {
    status: 401,
    title: "API key needed",
    advice: "Send `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
  },
  NOT_FOUND: { status: 404, title: "No such route", advice: "See /docs for the routes." },
  METHOD_NOT_ALLOWED: { status: 405, title: "Method not allowed", advice: "Use a method named in Allow." },
  REQUEST_TIMEOUT: {
    status: 408,
    title: "Request took too long to arrive",
    advice: "Send the whole request at once.",
  },
  BODY_TOO_LARGE: { status: 413, title: "Body too large", advice: "Send less in one request." },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: "Unsupported media type",
    advice: "Send `Content-Type: application/json` with no content encoding.",
  },
  EXPECTATION_FAILED: {
    status: 417,
    title: "Expectation not supported",
    advice: "The only expectation understood is `100-continue`.",
  },
  INVALID_REQUEST: { status: 422, title: "Invalid request", advice: "Correct the fields named in `errors`." },
  MESSAGE_TOO_LONG: {
    status: 422,
    title: "Message too long to score in parts",
    advice: 'Split it yourself, or send `"longText": "truncate"`.',
  },
  QUEUE_FULL: {
    status: 429,
    title: "Server is busy",
    advice: "Wait as long as Retry-After says, then retry.",
  },
  RATE_LIMITED: {
    status: 429,
    title: "Too many messages",
    advice: "Wait as long as Retry-After says, then retry.",
  },
  HEADERS_TOO_LARGE: { status: 431, title: "Headers too large", advice: "Send smaller headers." },
  INTERNAL: {
    status: 500,
    title: "Internal error",
    advice: "A fault of the server: report it with the request id.",
  },
  DEADLINE_EXCEEDED: { status: 503, title: "No answer in time", advice: "Retry after Retry-After." },
  MODEL_UNAVAILABLE: { status: 503, title: "No model is running", advice: "Retry after Retry-After." },
  INFERENCE_FAILED: {
    status: 503,
    title: "The model failed on this request",
    advice: "Retry; if it fails again, report it with the request id.",
  },
  SHUTTING_DOWN: { status: 503, title: "Server is shutting down", advice: "Retry at another instance." },
  RELOAD_IN_PROGRESS: { status: 409, title: "A reload is under way", advice: "Wait for it to finish." },
  RELOAD_FAILED: {
    status: 422,
    title: "The new model did not load",
    advice: "The old one still serves; see the server's log.",
  },
};

/** RFC 9457 problem details with a stable `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ApiErrorCode;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

/** @param requestId - the id that the response and the log carry */
export function problemOf(error: ApiError, requestId: string): Problem {
  const row = ERROR_TABLE[error.code];
  return {
    type: `urn:btp:problem:${error.code.toLowerCase().replaceAll("_", "-")}`,
    title: row.title,
    status: row.status,
    detail: error.message,
    code: error.code,
    requestId,
    ...(error.extras.errors === undefined ? {} : { errors: error.extras.errors }),
  };
}

/** The response headers that belong to an error. */
export function problemHeaders(error: ApiError): Record<string, string> {
  const headers: Record<string, string> = {
    "Content-Type": "application/problem+json; charset=utf-8",
    "Cache-Control": "no-store",
  };
  if (error.extras.retryAfter !== undefined) headers["Retry-After"] = String(error.extras.retryAfter);
  if (error.extras.allow !== undefined) headers.Allow = error.extras.allow;
  if (error.code === "UNAUTHORIZED") headers["WWW-Authenticate"] = 'Bearer realm="btp"';
  return headers;
}
