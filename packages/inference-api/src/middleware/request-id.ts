/** Gives each request an id, the client's own where it sends a plausible one, and answers with it. */
import { randomBytes } from "node:crypto";
import type { NextFunction, Request, Response } from "express";

const PLAUSIBLE = /^[A-Za-z0-9._-]{1,64}$/;

let prefix = randomBytes(6).toString("hex");
let counter = 0;

/** Random once, then counted: unique without a system call for every request. */
export function newRequestId(): string {
  counter += 1;
  if (counter > 0xffffff) {
    prefix = randomBytes(6).toString("hex");
    counter = 1;
  }
  return `${prefix}${counter.toString(16).padStart(6, "0")}`;
}

export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers["x-request-id"];
  const id = typeof given === "string" && PLAUSIBLE.test(given) ? given : newRequestId();
  response.locals.requestId = id;
  response.setHeader("X-Request-Id", id);
  next();
}

export function requestIdOf(response: Response): string {
  const id: unknown = response.locals.requestId;
  return typeof id === "string" ? id : "unknown";
}
