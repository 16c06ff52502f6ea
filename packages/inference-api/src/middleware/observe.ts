/** Counts and logs each request once, when the connection is done with it; its text is in neither. */
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Metrics } from "../metrics.js";
import { requestIdOf } from "./request-id.js";

/** Set by the router; what no route claims is counted together, or anybody could make label values. */
export const UNKNOWN_ROUTE = "(unknown)";

export function observe(metrics: Metrics, log: Logger, logRequests: boolean): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const start = performance.now();
    response.once("close", () => {
      const seconds = (performance.now() - start) / 1000;
      const outcome = response.writableFinished ? String(response.statusCode) : "client-left";
      const route: unknown = response.locals.route;
      const name = typeof route === "string" ? route : UNKNOWN_ROUTE;
      metrics.countRequest(name, outcome, seconds);
      if (!logRequests) return;
      // The pattern, not the URL: a query may hold a key or a text.
      const line = {
        requestId: requestIdOf(response),
        method: request.method,
        route: name,
        outcome,
        ms: Math.round(seconds * 1e5) / 100,
      };
      log.info(line, "request");
    });
    next();
  };
}
