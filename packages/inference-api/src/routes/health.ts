/** GET /health for people, /health/live and /health/ready for whatever restarts or routes. */
import type { DetectorInfo } from "@btp/detector";
import type { RequestHandler } from "express";
import { ApiError } from "../errors.js";
import type { HealthResponse } from "../schemas.js";
import { sendJson } from "../send-json.js";

/** What health is told from; getters, since all of it changes. */
export interface HealthSource {
  readonly info: DetectorInfo;
  readonly workers: {
    readonly total: number;
    readonly ready: number;
    readonly busy: number;
    readonly restarts: number;
  };
  readonly queueDepth: number;
  readonly readiness: {
    readonly ready: boolean;
    readonly draining: boolean;
    readonly lastAnswerMsAgo: number;
  };
}

export interface HealthOptions {
  readonly version: string;
  readonly queueCapacity: number;
  /** Milliseconds, any origin. */
  readonly now: () => number;
}

/** Always 200: it is a report. Decide by `status`, or ask /health/ready. */
export function healthRoute(source: HealthSource, options: HealthOptions): RequestHandler {
  const start = options.now();
  return (_request, response) => {
    const { info, workers, readiness } = source;
    const isReady = readiness.ready && workers.ready > 0;
    const body: HealthResponse = {
      status: !isReady ? "unavailable" : workers.ready < workers.total ? "degraded" : "ok",
      version: options.version,
      uptimeSeconds: Math.round(options.now() - start) / 1000,
      model: {
        name: info.name,
        sha256: info.sha256,
        parameters: info.parameters,
        maxLength: info.maxLength,
        threshold: info.threshold,
        engine: info.engine,
      },
      workers,
      queue: { depth: source.queueDepth, capacity: options.queueCapacity },
    };
    sendJson(response, 200, body);
  };
}

export const liveRoute: RequestHandler = (_request, response) => sendJson(response, 200, { status: "alive" });

export function readyRoute(source: HealthSource): RequestHandler {
  return (_request, response) => {
    const { readiness, workers } = source;
    if (readiness.draining) throw new ApiError("SHUTTING_DOWN", "the server is shutting down");
    if (!readiness.ready || workers.ready === 0) {
      const seconds = Math.round(readiness.lastAnswerMsAgo / 1000);
      throw new ApiError(
        "MODEL_UNAVAILABLE",
        `the model last answered ${seconds} s ago; ${workers.ready} workers run`,
        {
          retryAfter: 2,
        },
      );
    }
    sendJson(response, 200, { status: "ready", lastAnswerMsAgo: Math.round(readiness.lastAnswerMsAgo) });
  };
}
