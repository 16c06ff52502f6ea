/** Lets only holders of an API key pass. Keys are compared by their hashes, all of them, in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { ApiError } from "../errors.js";

const hash = (key: string): Buffer => createHash("sha256").update(key).digest();

/**
 * @param keys - accepted keys; none: everybody passes
 * @param fromQuery - also accept `?key=`, as Perspective's clients send it
 */
export function apiKey(keys: readonly string[], { fromQuery = false } = {}): RequestHandler {
  const accepted = keys.map(hash);
  return (request: Request, response: Response, next: NextFunction) => {
    if (accepted.length === 0) {
      next();
      return;
    }
    const given = keyOf(request, fromQuery);
    const digest = hash(given ?? "");
    let known = false;
    // No early end: how long it takes must not tell which key was nearly right.
    for (const candidate of accepted) known = timingSafeEqual(candidate, digest) || known;
    if (given === undefined || !known) {
      next(
        new ApiError(
          "UNAUTHORIZED",
          given === undefined
            ? "no API key was sent: send it as Authorization: Bearer KEY or X-API-Key: KEY"
            : "the API key is not known",
        ),
      );
      return;
    }
    // For the rate limit: stands for the key without being one.
    response.locals.client = `key:${digest.toString("hex").slice(0, 16)}`;
    next();
  };
}

function keyOf(request: Request, fromQuery: boolean): string | undefined {
  const { authorization } = request.headers;
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const header = request.headers["x-api-key"];
  if (typeof header === "string" && header !== "") return header;
  const query = fromQuery ? request.query.key : undefined;
  return typeof query === "string" && query !== "" ? query : undefined;
}
