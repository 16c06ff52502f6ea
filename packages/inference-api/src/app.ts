/**
 * The Express application: routes and middleware put together, no port, no processes, no signals.
 * What it needs comes in as `AppDeps`, so tests run it with a moderator of their own.
 */
import cors from "cors";
import express, { type Express, type RequestHandler } from "express";
import type { Logger } from "pino";
import type { ServeConfig } from "./config.js";
import { ApiError } from "./errors.js";
import type { Moderator } from "./inference/moderator.js";
import type { Metrics } from "./metrics.js";
import { apiKey } from "./middleware/api-key.js";
import { errorHandler, type ProblemExtension } from "./middleware/error-handler.js";
import { observe } from "./middleware/observe.js";
import { RateLimiter } from "./middleware/rate-limit.js";
import { readJson } from "./middleware/read-json.js";
import { requestId } from "./middleware/request-id.js";
import { securityHeaders, viewerHeaders } from "./middleware/security-headers.js";
import { createOpenApiDocument } from "./openapi.js";
import { batchRoute, detectRoute } from "./routes/detect.js";
import { openApiRoute, pageFile, redocBundleRoute, swaggerAssets } from "./routes/documents.js";
import { type HealthSource, healthRoute, liveRoute, readyRoute } from "./routes/health.js";
import { moderationsRoute, openaiError } from "./routes/openai.js";
import { analyzeRoute, perspectiveError } from "./routes/perspective.js";
import { createRequestSchemas } from "./schemas.js";

export interface AppDeps {
  readonly config: ServeConfig;
  readonly moderator: Pick<Moderator, "moderate">;
  readonly health: HealthSource;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly version: string;
  /** Milliseconds, any origin. */
  readonly now?: () => number;
}

export function createApp(deps: AppDeps): Express {
  const { config, metrics } = deps;
  const now = deps.now ?? (() => performance.now());
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", config.trustProxy);
  // No arrays, no objects: a query is a flat list of strings.
  app.set("query parser", "simple");
  app.use(
    requestId,
    observe(metrics, deps.log, config.logRequests),
    closeWhenDraining(deps.health),
    securityHeaders(),
  );
  if (config.corsOrigins.length > 0) app.use(corsOf(config));

  const schemas = createRequestSchemas(config);
  const limiter =
    config.rateLimitPerMinute === 0
      ? undefined
      : new RateLimiter({
          perMinute: config.rateLimitPerMinute,
          burst: config.rateLimitBurst ?? config.rateLimitPerMinute,
          now,
        });
  const decide = { moderator: deps.moderator, metrics, limiter };
  const body = readJson({ maxBytes: config.maxBodyBytes, maxBytesInFlight: config.maxBodyBytesInFlight });
  const guard = [apiKey(config.apiKeys), body];

  route(app, "POST", "/detect", ...guard, detectRoute(decide, schemas));
  route(app, "POST", "/detect/batch", ...guard, batchRoute(decide, schemas, config.maxBatchMessages));
  if (config.openaiRoute) {
    const handler = moderationsRoute(decide, config.maxBatchMessages);
    route(app, "POST", "/v1/moderations", errorsAs(openaiError), ...guard, handler);
  }
  if (config.perspectiveRoute) {
    const keyOrQuery = apiKey(config.apiKeys, { fromQuery: true });
    const handlers = [errorsAs(perspectiveError), keyOrQuery, body, analyzeRoute(decide)];
    route(app, "POST", "/v1alpha1/comments\\:analyze", ...handlers);
  }

  const healthOptions = { version: deps.version, queueCapacity: config.queueCapacity, now };
  route(app, "GET", "/health", healthRoute(deps.health, healthOptions));
  route(app, "GET", "/health/live", liveRoute);
  route(app, "GET", "/health/ready", readyRoute(deps.health));
  route(app, "GET", "/metrics", metricsRoute(metrics));

  const document = createOpenApiDocument({ config, schemas, version: deps.version });
  route(app, "GET", "/openapi.json", openApiRoute(document));
  route(app, "GET", "/", pageFile("index.html", "text/html"));
  route(app, "GET", "/page.css", pageFile("page.css", "text/css"));
  route(app, "GET", "/page.js", pageFile("page.js", "text/javascript"));
  route(app, "GET", "/icon.svg", pageFile("icon.svg", "image/svg+xml"));
  route(app, "GET", "/redoc", viewerHeaders(), pageFile("redoc.html", "text/html"));
  route(app, "GET", "/redoc.standalone.js", redocBundleRoute());
  route(app, "GET", "/docs", viewerHeaders(), pageFile("swagger.html", "text/html"));
  route(app, "GET", "/swagger.js", pageFile("swagger.js", "text/javascript"));
  app.use("/docs", mark("/docs"), ...swaggerAssets());

  app.use((_request, _response, next) =>
    next(
      new ApiError(
        "NOT_FOUND",
        "there is no such route: /docs lists them, and a server started without --openai-route or --perspective-route lacks those",
      ),
    ),
  );
  app.use(errorHandler(deps.log));
  return app;
}

/** Registers one route under its pattern's name; any other method on it is 405. HEAD comes with GET. */
export function route(
  app: Express,
  method: "GET" | "POST",
  path: string,
  ...handlers: RequestHandler[]
): void {
  const allow = method === "GET" ? "GET, HEAD" : "POST";
  const named = mark(path.replaceAll("\\", ""));
  if (method === "GET") app.get(path, named, ...handlers);
  else app.post(path, named, ...handlers);
  app.all(path, named, (_request, _response, next) => {
    next(new ApiError("METHOD_NOT_ALLOWED", `this route answers ${allow}`, { allow }));
  });
}

function mark(name: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.route = name;
    next();
  };
}

function errorsAs(extension: ProblemExtension): RequestHandler {
  return (_request, response, next) => {
    response.locals.problemExtension = extension;
    next();
  };
}

/** While draining, kept-alive connections are told to go elsewhere. */
function closeWhenDraining(health: HealthSource): RequestHandler {
  return (_request, response, next) => {
    if (health.readiness.draining) response.setHeader("Connection", "close");
    next();
  };
}

function corsOf(config: ServeConfig): RequestHandler {
  const any = config.corsOrigins.includes("*");
  return cors({
    origin: any ? "*" : [...config.corsOrigins],
    methods: ["GET", "HEAD", "POST"],
    // "*" would not cover Authorization (Fetch standard, 4.9), so they are named.
    allowedHeaders: ["Authorization", "Content-Type", "X-API-Key", "X-Request-Id"],
    exposedHeaders: ["X-Request-Id", "Retry-After", "Server-Timing", "X-RateLimit-Remaining"],
    maxAge: 600,
  });
}

function metricsRoute(metrics: Metrics): RequestHandler {
  return async (_request, response) => {
    const body = await metrics.registry.metrics();
    response.writeHead(200, { "Content-Type": metrics.registry.contentType, "Cache-Control": "no-store" });
    response.end(body);
  };
}
