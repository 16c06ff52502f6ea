/**
 * What can go wrong, as data: every error a client can see has one code here and one row in problem.ts.
 * Messages never carry a client's text: they may be logged.
 */
export type ApiErrorCode =
  | "BAD_REQUEST"
  | "INVALID_JSON"
  | "UNAUTHORIZED"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "REQUEST_TIMEOUT"
  | "BODY_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "EXPECTATION_FAILED"
  | "INVALID_REQUEST"
  | "MESSAGE_TOO_LONG"
  | "QUEUE_FULL"
  | "RATE_LIMITED"
  | "HEADERS_TOO_LARGE"
  | "INTERNAL"
  | "DEADLINE_EXCEEDED"
  | "MODEL_UNAVAILABLE"
  | "INFERENCE_FAILED"
  | "SHUTTING_DOWN"
  | "RELOAD_IN_PROGRESS"
  | "RELOAD_FAILED";

/** One fault in a request's body: where (RFC 6901 JSON pointer) and what. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

export interface ApiErrorExtras {
  /** Seconds until it makes sense to try again, sent as Retry-After. */
  readonly retryAfter?: number;
  /** For METHOD_NOT_ALLOWED. */
  readonly allow?: string;
  readonly errors?: readonly FieldError[];
  readonly cause?: unknown;
}

/** An error with an HTTP answer of its own. `message` is sent to the client as the problem's `detail`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  readonly extras: ApiErrorExtras;

  constructor(code: ApiErrorCode, detail: string, extras: ApiErrorExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.extras = extras;
  }
}

export type ServeErrorCode = "INVALID_CONFIG" | "MODEL_LOAD_FAILED" | "WORKER_START_FAILED" | "LISTEN_FAILED";

/** The server cannot start, and why. */
export class ServeError extends Error {
  override readonly name = "ServeError";
  readonly code: ServeErrorCode;

  constructor(code: ServeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export type WorkerErrorCode = "WORKER_DIED" | "WORKER_TIMEOUT" | "DETECT_FAILED";

/** One batch did not come back from a worker. Internal: the dispatcher retries, then answers INFERENCE_FAILED. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
