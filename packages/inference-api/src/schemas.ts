/**
 * Bodies of requests and answers as zod schemas: the handlers parse with them, the OpenAPI document and the exported
 * TypeScript types are made from them. Limits come from the configuration, so the document states the real ones.
 */
import { z } from "zod";
import { ERROR_TABLE } from "./problem.js";

const probability = z.number().min(0).max(1);

const threshold = probability
  .optional()
  .describe("In place of the detector's own: `isCyberbullying` is `score >= threshold`.")
  .meta({ example: 0.5 });

const longText = z
  .enum(["truncate", "chunk"])
  .optional()
  .describe(
    "What happens to a message longer than the model reads. `truncate` (default): its beginning is scored and " +
      "`truncated` says so. `chunk`: every part is scored and the worst decides.",
  );

export const detectResponse = z
  .strictObject({
    isCyberbullying: z.boolean().describe("`score >= threshold`."),
    confidence: z
      .number()
      .min(0.5)
      .max(1)
      .describe("How sure the decision is: 0.5 at the threshold, 1 at certainty, linear between."),
    label: z.enum(["cyberbullying", "not cyberbullying"]),
    score: probability.describe("Calibrated probability of cyberbullying."),
    threshold: probability.describe("The threshold that was applied."),
    tokens: z.int().min(0).describe("Tokens of the whole message."),
    truncated: z.boolean().describe("True where the message was longer than was read."),
    model: z.string().describe("Name of the detector and the first 12 digits of its weights' sha256."),
    chunks: z
      .strictObject({
        count: z.int().min(1).describe("Parts that were scored."),
        worst: z
          .strictObject({ index: z.int().min(0), start: z.int().min(0), end: z.int().min(1) })
          .describe(
            "The part that decided: its position among the parts, and its UTF-16 range in the message.",
          ),
      })
      .optional()
      .describe('Only with `"longText": "chunk"`.'),
  })
  .meta({
    id: "Detection",
    example: {
      isCyberbullying: true,
      confidence: 0.95,
      label: "cyberbullying",
      score: 0.95,
      threshold: 0.5,
      tokens: 9,
      truncated: false,
      model: "btp-mini@0123456789ab",
    },
  });

export type DetectResponse = z.infer<typeof detectResponse>;

/** The bodies whose bounds the configuration sets. */
export function createRequestSchemas(limits: { readonly maxBatchMessages: number }) {
  const message = z.string().min(1).describe("The text to judge.");
  const detectRequest = z.strictObject({ message, threshold, longText }).meta({
    id: "DetectRequest",
    example: { message: "You are so stupid, nobody likes you." },
  });
  const batchRequest = z
    .strictObject({ messages: z.array(message).min(1).max(limits.maxBatchMessages), threshold, longText })
    .meta({ id: "BatchRequest", example: { messages: ["Nobody likes you.", "See you at practice!"] } });
  return { detectRequest, batchRequest };
}

export type RequestSchemas = ReturnType<typeof createRequestSchemas>;
export type DetectRequest = z.infer<RequestSchemas["detectRequest"]>;
export type BatchRequest = z.infer<RequestSchemas["batchRequest"]>;

export const batchResponse = z
  .strictObject({ results: z.array(detectResponse).describe("One decision a message, in order.") })
  .meta({ id: "BatchResponse" });
export type BatchResponse = z.infer<typeof batchResponse>;

const modelInfo = z
  .strictObject({
    name: z.string(),
    sha256: z.string().describe("Of the weights."),
    parameters: z.int(),
    maxLength: z.int().describe("Tokens that are read of a message."),
    threshold: probability,
    engine: z.string(),
  })
  .meta({ id: "Model" });

export const healthResponse = z
  .strictObject({
    status: z
      .enum(["ok", "degraded", "unavailable"])
      .describe("`degraded`: some workers are being restarted."),
    version: z.string(),
    uptimeSeconds: z.number().min(0),
    model: modelInfo,
    workers: z.strictObject({ total: z.int(), ready: z.int(), busy: z.int(), restarts: z.int() }),
    queue: z.strictObject({ depth: z.int(), capacity: z.int() }),
  })
  .meta({ id: "Health" });
export type HealthResponse = z.infer<typeof healthResponse>;

export const aliveResponse = z.strictObject({ status: z.literal("alive") }).meta({ id: "Alive" });
export const readyResponse = z
  .strictObject({
    status: z.literal("ready"),
    lastAnswerMsAgo: z.number().min(0).describe("Since the model last answered, in milliseconds."),
  })
  .meta({ id: "Ready" });

const codes = Object.keys(ERROR_TABLE).filter((code) => !code.startsWith("RELOAD_"));

export const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(codes).describe("Stable; decide by this."),
    requestId: z.string(),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });
export type ProblemBody = z.infer<typeof problem>;
