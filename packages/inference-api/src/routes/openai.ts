/**
 * POST /v1/moderations in the shape of OpenAI's moderation API, so that its clients need only another base URL.
 * One score stands behind it: `harassment` is ours, every other category is 0 and false. Off by default.
 * Shape: github.com/openai/openai-openapi, CreateModerationRequest and CreateModerationResponse.
 */
import type { RequestHandler } from "express";
import { z } from "zod";
import type { ApiError } from "../errors.js";
import { requestIdOf } from "../middleware/request-id.js";
import { ERROR_TABLE } from "../problem.js";
import { problem } from "../schemas.js";
import { sendJson } from "../send-json.js";
import { validate } from "../validate.js";
import { type DecideDeps, judge, timingHeader } from "./detect.js";

const OTHER_CATEGORIES = [
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
] as const;
const CATEGORIES = ["harassment", ...OTHER_CATEGORIES] as const;

const perCategory = <S extends z.ZodType>(schema: S) =>
  z.object(Object.fromEntries(CATEGORIES.map((category) => [category, schema])));

export function moderationsRequest(maxBatchMessages: number) {
  const text = z.string().min(1);
  const part = z.object({ type: z.literal("text"), text });
  return z
    .object({
      input: z
        .union([text, z.array(text).min(1).max(maxBatchMessages), z.array(part).min(1).max(maxBatchMessages)])
        .describe("One message, or several. Images are not read."),
      model: z.string().optional().describe("Accepted and ignored."),
    })
    .meta({ id: "ModerationsRequest", example: { input: "You are so stupid, nobody likes you." } });
}

export const moderationsResponse = z
  .object({
    id: z.string(),
    model: z.string(),
    results: z.array(
      z.object({
        flagged: z.boolean(),
        categories: perCategory(z.boolean()),
        category_scores: perCategory(z.number().min(0).max(1)),
        category_applied_input_types: perCategory(z.array(z.literal("text"))),
      }),
    ),
  })
  .meta({ id: "ModerationsResponse" });

export function moderationsRoute(deps: DecideDeps, maxBatchMessages: number): RequestHandler {
  const schema = moderationsRequest(maxBatchMessages);
  return async (request, response) => {
    const { input } = validate(schema, response.locals.body, { input: maxBatchMessages });
    const texts =
      typeof input === "string"
        ? [input]
        : input.map((part) => (typeof part === "string" ? part : part.text));
    const moderation = await judge(deps, request, response, texts, {});
    if (moderation === undefined) return;
    const body: z.infer<typeof moderationsResponse> = {
      id: `modr-${requestIdOf(response)}`,
      model: moderation.decisions[0]?.model ?? "",
      results: moderation.decisions.map(({ isCyberbullying, score }) => ({
        flagged: isCyberbullying,
        categories: categories(isCyberbullying, false),
        category_scores: categories(score, 0),
        category_applied_input_types: categories<"text"[]>(["text"], []),
      })),
    };
    sendJson(response, 200, body, timingHeader(moderation));
  };
}

function categories<V>(harassment: V, others: V): Record<string, V> {
  return Object.fromEntries(
    CATEGORIES.map((category) => [category, category === "harassment" ? harassment : others]),
  );
}

export const moderationsProblem = problem
  .extend({
    error: z
      .strictObject({ message: z.string(), type: z.string(), param: z.null(), code: z.string() })
      .optional()
      .describe("Where OpenAI's clients look for it."),
  })
  .meta({ id: "ModerationsProblem" });

/** The member that OpenAI's clients read their error from. */
export function openaiError(error: ApiError): Record<string, unknown> {
  const { status } = ERROR_TABLE[error.code];
  const type = status === 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error";
  return { error: { message: error.message, type, param: null, code: error.code.toLowerCase() } };
}
