/**
 * The administrator's server, on 127.0.0.1 and a port of its own: POST /admin/reload swaps the model.
 * Apart from the public one so that no proxy rule, CORS setting or forgotten key can expose it.
 */
import type { DetectorInfo } from "@btp/detector";
import express, { type Express, type RequestHandler } from "express";
import type { Logger } from "pino";
import { z } from "zod";
import { route } from "./app.js";
import { ApiError } from "./errors.js";
import { errorHandler } from "./middleware/error-handler.js";
import { readJson } from "./middleware/read-json.js";
import { requestId } from "./middleware/request-id.js";
import { sendJson } from "./send-json.js";
import { validate } from "./validate.js";

const reloadRequest = z.strictObject({
  /** Another detector directory; absent: the one configured, read again. */
  model: z.string().min(1).max(4096).optional(),
});

export interface AdminDeps {
  readonly reload: (directory?: string) => Promise<DetectorInfo>;
  readonly log: Logger;
}

export function createAdminApp({ reload, log }: AdminDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(requestId, localOnly);
  route(
    app,
    "POST",
    "/admin/reload",
    readJson({ maxBytes: 8192, maxBytesInFlight: 2 ** 20 }),
    async (_request, response) => {
      const { model } = validate(reloadRequest, response.locals.body);
      const { name, sha256 } = await reload(model);
      sendJson(response, 200, { status: "reloaded", model: { name, sha256 } });
    },
  );
  app.use((_request, _response, next) => next(new ApiError("NOT_FOUND", "there is no such route")));
  app.use(errorHandler(log));
  return app;
}

/**
 * A web page on this machine can reach 127.0.0.1 too: by a name that resolves here (DNS rebinding, refused by Host)
 * or across origins (refused by Origin; JSON also needs a preflight, which this app does not answer).
 */
const localOnly: RequestHandler = (request, _response, next) => {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  const isLocal = host === "127.0.0.1" || host === "localhost" || host === "[::1]";
  if (!isLocal || request.headers.origin !== undefined) {
    next(new ApiError("NOT_FOUND", "there is no such route"));
    return;
  }
  next();
};
