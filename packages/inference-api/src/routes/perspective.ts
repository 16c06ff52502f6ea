/**
 * POST /v1alpha1/comments:analyze in the shape of the Perspective API, whose service ends on 2026-12-31.
 * TOXICITY and INSULT are both our one score; other attributes are refused, as Perspective refuses unknown ones.
 * Shape: github.com/conversationai/perspectiveapi, 2-api/methods.md. Off by default.
 */
import type { RequestHandler } from "express";
import { z } from "zod";
import type { ApiError } from "../errors.js";
import { ERROR_TABLE } from "../problem.js";
import { problem } from "../schemas.js";
import { sendJson } from "../send-json.js";
import { validate } from "../validate.js";
import { type DecideDeps, judge, timingHeader } from "./detect.js";

const ATTRIBUTES = ["TOXICITY", "INSULT"] as const;

const wanted = z.object({ scoreThreshold: z.number().min(0).max(1).optional() });

export const analyzeRequest = z
  .object({
    comment: z.object({ text: z.string().min(1) }),
    requestedAttributes: z
      .strictObject({ TOXICITY: wanted.optional(), INSULT: wanted.optional() })
      .refine(
        (attributes) => attributes.TOXICITY !== undefined || attributes.INSULT !== undefined,
        "expected TOXICITY or INSULT",
      )
      .meta({ minProperties: 1 }),
    clientToken: z.string().max(256).optional(),
  })
  .meta({
    id: "AnalyzeRequest",
    example: { comment: { text: "You are so stupid." }, requestedAttributes: { TOXICITY: {} } },
  });

const score = z.object({ value: z.number().min(0).max(1), type: z.literal("PROBABILITY") });
const attributeScore = z.object({
  summaryScore: score,
  spanScores: z.array(z.object({ begin: z.int(), end: z.int(), score })),
});

export const analyzeResponse = z
  .object({
    attributeScores: z.object({ TOXICITY: attributeScore.optional(), INSULT: attributeScore.optional() }),
    languages: z.array(z.string()),
    detectedLanguages: z.array(z.string()),
    clientToken: z.string().optional(),
  })
  .meta({ id: "AnalyzeResponse" });

export function analyzeRoute(deps: DecideDeps): RequestHandler {
  return async (request, response) => {
    const { comment, requestedAttributes, clientToken } = validate(analyzeRequest, response.locals.body);
    const moderation = await judge(deps, request, response, [comment.text], {});
    const value = moderation?.decisions[0]?.score;
    if (moderation === undefined || value === undefined) return;
    const attributeScores: z.infer<typeof analyzeResponse>["attributeScores"] = {};
    for (const name of ATTRIBUTES) {
      const wish = requestedAttributes[name];
      if (wish === undefined || value < (wish.scoreThreshold ?? 0)) continue;
      const probability = { value, type: "PROBABILITY" as const };
      attributeScores[name] = {
        summaryScore: probability,
        spanScores: [{ begin: 0, end: comment.text.length, score: probability }],
      };
    }
    const body: z.infer<typeof analyzeResponse> = {
      attributeScores,
      languages: ["en"],
      detectedLanguages: ["en"],
      ...(clientToken === undefined ? {} : { clientToken }),
    };
    sendJson(response, 200, body, timingHeader(moderation));
  };
}

const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  422: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};

export const analyzeProblem = problem
  .extend({
    error: z
      .strictObject({ code: z.int(), message: z.string(), status: z.string() })
      .optional()
      .describe("Where Google's clients look for it."),
  })
  .meta({ id: "AnalyzeProblem" });

/** The member that Google's clients read their error from. */
export function perspectiveError(error: ApiError): Record<string, unknown> {
  const { status } = ERROR_TABLE[error.code];
  return {
    error: { code: status, message: error.message, status: GOOGLE_STATUS[status] ?? "INVALID_ARGUMENT" },
  };
}
