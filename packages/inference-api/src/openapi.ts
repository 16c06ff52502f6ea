/**
 * The OpenAPI 3.1 document, made from the zod schemas and the error table: there is no second place to keep in step.
 * What is off in the configuration is not in the document.
 */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from "@asteasolutions/zod-to-openapi";
import { z } from "zod";
import type { ServeConfig } from "./config.js";
import type { ApiErrorCode } from "./errors.js";
import { ERROR_TABLE } from "./problem.js";
import { moderationsProblem, moderationsRequest, moderationsResponse } from "./routes/openai.js";
import { analyzeProblem, analyzeRequest, analyzeResponse } from "./routes/perspective.js";
import {
  aliveResponse,
  batchResponse,
  detectResponse,
  healthResponse,
  problem,
  type RequestSchemas,
  readyResponse,
} from "./schemas.js";

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31["generateDocument"]>;

/** What may happen to any request before a route sees it. */
const TRANSPORT: readonly ApiErrorCode[] = [
  "BAD_REQUEST",
  "REQUEST_TIMEOUT",
  "EXPECTATION_FAILED",
  "HEADERS_TOO_LARGE",
  "INTERNAL",
];

/** What may happen to a request that asks the model. */
const MODEL: readonly ApiErrorCode[] = [
  "INVALID_JSON",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "INVALID_REQUEST",
  "QUEUE_FULL",
  "DEADLINE_EXCEEDED",
  "MODEL_UNAVAILABLE",
  "INFERENCE_FAILED",
  "SHUTTING_DOWN",
];

type Responses = RouteConfig["responses"];

/** One response a status; its description lists the codes that share it. */
export function errorResponses(codes: readonly ApiErrorCode[], schema: z.ZodType = problem): Responses {
  const byStatus = new Map<number, ApiErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_TABLE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: Responses = {};
  for (const [status, group] of [...byStatus].sort(([a], [b]) => a - b)) {
    const lines = group.map((code) => `\`${code}\`: ${ERROR_TABLE[code].title}. ${ERROR_TABLE[code].advice}`);
    responses[String(status)] = {
      description: lines.join("\n\n"),
      content: { "application/problem+json": { schema } },
      ...(group.includes("QUEUE_FULL") || status === 503
        ? { headers: { "Retry-After": { description: "Seconds to wait.", schema: { type: "integer" } } } }
        : {}),
    };
  }
  return responses;
}

export interface DocumentOptions {
  readonly config: Pick<ServeConfig, "apiKeys" | "openaiRoute" | "perspectiveRoute" | "rateLimitPerMinute"> &
    Pick<ServeConfig, "maxBatchMessages" | "maxBodyBytes" | "maxChunks">;
  readonly schemas: RequestSchemas;
  readonly version: string;
}

export function createOpenApiDocument({ config, schemas, version }: DocumentOptions): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  for (const code of ["NOT_FOUND", "METHOD_NOT_ALLOWED"] as const) {
    // Of no operation, since they say that there is none; written where a reader looks for them.
    registry.registerComponent("responses", String(ERROR_TABLE[code].status), {
      description: `\`${code}\`: ${ERROR_TABLE[code].title}. ${ERROR_TABLE[code].advice}`,
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    });
  }
  const hasKeys = config.apiKeys.length > 0;
  if (hasKeys) {
    registry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
    registry.registerComponent("securitySchemes", "header", {
      type: "apiKey",
      in: "header",
      name: "X-API-Key",
    });
  }
  const modelCodes: ApiErrorCode[] = [
    ...TRANSPORT,
    ...MODEL,
    ...(hasKeys ? (["UNAUTHORIZED"] as const) : []),
    ...(config.rateLimitPerMinute > 0 ? (["RATE_LIMITED"] as const) : []),
  ];
  const post = (
    path: string,
    texts: { summary: string; description: string; tag: string },
    request: z.ZodType,
    response: z.ZodType,
    more: readonly ApiErrorCode[] = [],
    fault: z.ZodType = problem,
  ): void =>
    registry.registerPath({
      method: "post",
      path,
      operationId: operationIdOf("post", path),
      tags: [texts.tag],
      summary: texts.summary,
      description: texts.description,
      ...(hasKeys ? { security: [{ bearer: [] }, { header: [] }] } : {}),
      request: { body: { required: true, content: { "application/json": { schema: request } } } },
      responses: {
        200: { description: "Decided.", content: { "application/json": { schema: response } } },
        ...errorResponses([...modelCodes, ...more], fault),
      },
    });
  const get = (
    path: string,
    texts: { summary: string; tag: string },
    type: string,
    schema: z.ZodType,
    codes: readonly ApiErrorCode[] = [],
  ): void =>
    registry.registerPath({
      method: "get",
      path,
      operationId: operationIdOf("get", path),
      tags: [texts.tag],
      summary: texts.summary,
      responses: {
        200: { description: "As asked.", content: { [type]: { schema } } },
        ...errorResponses([...TRANSPORT, ...codes]),
      },
    });

  post(
    "/detect",
    {
      summary: "Judge one message",
      description: "A decision with its score, and whether all of the message was read.",
      tag: "detect",
    },
    schemas.detectRequest,
    detectResponse,
    ["MESSAGE_TOO_LONG"],
  );
  post(
    "/detect/batch",
    {
      summary: "Judge several messages",
      description: `Up to ${config.maxBatchMessages} messages; one decision each, in order.`,
      tag: "detect",
    },
    schemas.batchRequest,
    batchResponse,
    ["MESSAGE_TOO_LONG"],
  );
  if (config.openaiRoute) {
    post(
      "/v1/moderations",
      {
        summary: "OpenAI's moderation shape",
        description: "`harassment` carries the score; the other categories are always 0.",
        tag: "adapters",
      },
      moderationsRequest(config.maxBatchMessages),
      moderationsResponse,
      [],
      moderationsProblem,
    );
  }
  if (config.perspectiveRoute) {
    post(
      "/v1alpha1/comments:analyze",
      {
        summary: "Perspective's shape",
        description: "TOXICITY and INSULT both carry the score. The API key may come as `?key=`.",
        tag: "adapters",
      },
      analyzeRequest,
      analyzeResponse,
      [],
      analyzeProblem,
    );
  }
  const json = "application/json";
  get("/health", { summary: "Report on server and model", tag: "operations" }, json, healthResponse);
  get("/health/live", { summary: "Does the process answer", tag: "operations" }, json, aliveResponse);
  get("/health/ready", { summary: "Does the model answer", tag: "operations" }, json, readyResponse, [
    "MODEL_UNAVAILABLE",
    "SHUTTING_DOWN",
  ]);
  get("/metrics", { summary: "Prometheus metrics", tag: "operations" }, "text/plain", z.string());
  get("/openapi.json", { summary: "This document", tag: "documentation" }, json, z.looseObject({}));
  get("/docs", { summary: "Swagger UI", tag: "documentation" }, "text/html", z.string());
  get("/redoc", { summary: "ReDoc", tag: "documentation" }, "text/html", z.string());
  get("/", { summary: "A page to try it", tag: "documentation" }, "text/html", z.string());

  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "BTP: cyberbullying detection",
      version,
      license: { name: "MIT", identifier: "MIT" },
      description:
        "Tells whether a message is cyberbullying. Every error is `application/problem+json` with a stable `code`. " +
        "An unknown route answers 404 `NOT_FOUND`, a wrong method 405 `METHOD_NOT_ALLOWED` with `Allow`. " +
        "Each answer carries `X-Request-Id`. People decide what follows from a score: see the model card.",
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "detect", description: "Judging messages" },
      ...(config.openaiRoute || config.perspectiveRoute
        ? [{ name: "adapters", description: "The shapes of other services" }]
        : []),
      { name: "operations", description: "Health and metrics" },
      { name: "documentation", description: "Pages" },
    ],
  });
}

/** post /detect/batch -> postDetectBatch */
function operationIdOf(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return (
    method +
    (words.length === 0 ? "Page" : words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(""))
  );
}
