/** POST /detect and POST /detect/batch: the routes that the server is for. */
import type { Request, RequestHandler, Response } from "express";
import { ApiError } from "../errors.js";
import type { ModerateOptions, Moderation, Moderator } from "../inference/moderator.js";
import type { Metrics } from "../metrics.js";
import { clientOfAddress, type RateLimiter } from "../middleware/rate-limit.js";
import type { RequestSchemas } from "../schemas.js";
import { sendJson } from "../send-json.js";
import { validate } from "../validate.js";

export interface DecideDeps {
  readonly moderator: Pick<Moderator, "moderate">;
  readonly metrics: Pick<Metrics, "countDecision">;
  readonly limiter: RateLimiter | undefined;
}

/**
 * Judges the messages of one request: rate limit, queue, metrics. The client leaving frees their places.
 * @returns undefined where the client left: nobody is there to answer
 */
export async function judge(
  deps: DecideDeps,
  request: Request,
  response: Response,
  texts: readonly string[],
  options: ModerateOptions,
): Promise<Moderation | undefined> {
  takeFromLimit(deps.limiter, request, response, texts.length);
  const job = deps.moderator.moderate(texts, options);
  let onClose = (): void => {};
  const left = new Promise<undefined>((resolve) => {
    onClose = () => {
      if (!response.writableFinished) job.cancel();
      resolve(undefined);
    };
    response.once("close", onClose);
  });
  try {
    const moderation = await Promise.race([job.result, left]);
    for (const { isCyberbullying, truncated } of moderation?.decisions ?? []) {
      deps.metrics.countDecision(isCyberbullying, truncated);
    }
    return moderation;
  } finally {
    response.off("close", onClose);
  }
}

function takeFromLimit(
  limiter: RateLimiter | undefined,
  request: Request,
  response: Response,
  messages: number,
): void {
  if (limiter === undefined) return;
  if (messages > limiter.burst) {
    // Waiting would not help: it could never pass.
    const detail = `expected at most ${limiter.burst} messages at once, the rate limit's burst`;
    throw new ApiError("INVALID_REQUEST", detail);
  }
  const key: unknown = response.locals.client;
  const decision = limiter.take(typeof key === "string" ? key : clientOfAddress(request.ip), messages);
  if (decision.allowed) {
    response.setHeader("X-RateLimit-Remaining", String(decision.remaining));
    return;
  }
  throw new ApiError("RATE_LIMITED", "this client's allowance of messages is used up", {
    retryAfter: decision.retryAfterSeconds,
  });
}

/** Where the time went, in the words of the Server-Timing header. */
export function timingHeader({ timings }: Moderation): Record<string, string> {
  return {
    "Server-Timing":
      `queue;dur=${timings.queueMs.toFixed(2)}, tokenization;dur=${timings.tokenizationMs.toFixed(2)}, ` +
      `inference;dur=${timings.inferenceMs.toFixed(2)}`,
  };
}

export function detectRoute(deps: DecideDeps, schemas: RequestSchemas): RequestHandler {
  return async (request, response) => {
    const { message, ...options } = validate(schemas.detectRequest, response.locals.body);
    const moderation = await judge(deps, request, response, [message], options);
    const decision = moderation?.decisions[0];
    if (moderation === undefined || decision === undefined) return;
    sendJson(response, 200, decision, timingHeader(moderation));
  };
}

export function batchRoute(
  deps: DecideDeps,
  schemas: RequestSchemas,
  maxBatchMessages: number,
): RequestHandler {
  return async (request, response) => {
    const sizes = { messages: maxBatchMessages };
    const { messages, ...options } = validate(schemas.batchRequest, response.locals.body, sizes);
    const moderation = await judge(deps, request, response, messages, options);
    if (moderation === undefined) return;
    sendJson(response, 200, { results: moderation.decisions }, timingHeader(moderation));
  };
}
