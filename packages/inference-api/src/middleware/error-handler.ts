/** Turns whatever a handler threw into a problem document. The last middleware of each app. */
import type { NextFunction, Request, Response } from "express";
import type { Logger } from "pino";
import { ApiError } from "../errors.js";
import { ERROR_TABLE, problemHeaders, problemOf } from "../problem.js";
import { requestIdOf } from "./request-id.js";

/** Adds members that clients of another service's API look for. */
export type ProblemExtension = (error: ApiError) => Record<string, unknown>;

export function errorHandler(log: Logger) {
  return (thrown: unknown, _request: Request, response: Response, next: NextFunction): void => {
    const error = asApiError(thrown);
    const requestId = requestIdOf(response);
    const { status } = ERROR_TABLE[error.code];
    if (status >= 500) logFault(log, requestId, error);
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const extension = extensionOf(response);
    const body = JSON.stringify({ ...problemOf(error, requestId), ...extension?.(error) });
    response.writeHead(status, { ...problemHeaders(error), "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  };
}

/** Express throws errors with a status, for example for a range that lies outside a file. */
function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const status: unknown = thrown instanceof Error ? Reflect.get(thrown, "status") : undefined;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new ApiError("BAD_REQUEST", "the request asks for what cannot be", { cause: thrown });
  }
  return new ApiError("INTERNAL", "the server failed on this request", { cause: thrown });
}

/** The class and code of the cause but not its message, which may quote a client's text; the stack's frames are safe. */
function logFault(log: Logger, requestId: string, error: ApiError): void {
  const { cause } = error;
  const code: unknown = cause instanceof Error ? Reflect.get(cause, "code") : undefined;
  const stack = cause instanceof Error && error.code === "INTERNAL" ? framesOf(cause) : undefined;
  log.error(
    {
      requestId,
      code: error.code,
      cause: cause instanceof Error ? cause.name : undefined,
      causeCode: code,
      stack,
    },
    "request failed",
  );
}

function framesOf(error: Error): string[] | undefined {
  return error.stack
    ?.split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 10)
    .map((line) => line.trim());
}

function extensionOf(response: Response): ProblemExtension | undefined {
  const extension: unknown = response.locals.problemExtension;
  return typeof extension === "function" ? (extension as ProblemExtension) : undefined;
}
