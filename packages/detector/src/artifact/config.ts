/**
 * config.json of a detector directory: its schema, and reading it from untrusted bytes.
 * Not the weights (weights.ts), not the files on disk (artifact.ts).
 */
import { maxBigramBuckets, textNormalisation } from "@btp/core-gpt";
import * as z from "zod";
import { DetectorError } from "../errors.js";

export const formatName = "btp-detector";
export const formatVersion = 1;

/** Order is the order of the head's two logits. */
export const detectorLabels = ["not cyberbullying", "cyberbullying"] as const;

/** Far above GPT-2 XL (48 blocks, 1600 wide) and far below what would exhaust memory while being checked. */
const size = (max: number) => z.number().int().min(1).max(max);

const architectureSchema = z
  .strictObject({
    vocabSize: size(1_000_000),
    contextLength: size(65_536),
    width: size(65_536),
    numLayers: size(1_000),
    numHeads: size(1_000),
    layerNormEpsilon: z.number().positive().max(1),
    /** Present where a table of hashed tokens and pairs adds to the logits. */
    bigramBuckets: size(maxBigramBuckets).optional(),
  })
  .refine((architecture) => architecture.width % architecture.numHeads === 0, {
    message: "width must be a multiple of numHeads",
    path: ["numHeads"],
  });

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");

const precisions = ["float32", "float16", "bfloat16", "int8"] as const;

/** How matrices are stored. int8 has one scale a column (one a row for embeddings); vectors are then float32. */
export type StoredPrecision = (typeof precisions)[number];

const baseSchema = z.strictObject({
  /** What `--base` was told, for people and for finding it again: "gpt2", or a directory's name. */
  name: z.string().min(1).max(200),
  /** Digest of the tensors that are inherited (inheritedDigest in delta.ts), hex. */
  sha256: sha256Schema,
});

export const configSchema = z
  .strictObject({
    format: z.literal(formatName),
    formatVersion: z.literal(formatVersion),
    architecture: architectureSchema,
    labels: z.tuple([z.literal(detectorLabels[0]), z.literal(detectorLabels[1])]),
    /** The mean of the hidden states over the message's own tokens. */
    pooling: z.literal("mean"),
    tokenizer: z.strictObject({
      name: z.literal("gpt2"),
      /** True where model.safetensors lists the GPT-2 token ids that have an embedding; the rest share the last row. */
      restricted: z.boolean(),
      /** Present where texts are normalised before they are cut into tokens (core-gpt's normaliseText). */
      normalisation: z.literal(textNormalisation).optional(),
    }),
    threshold: z.number().min(0).max(1),
    temperature: z.number().positive().max(1000),
    maxLength: size(65_536),
    weights: z.strictObject({
      /** Of model.safetensors, hex. */
      sha256: sha256Schema,
      precision: z.enum(precisions),
      /** Present in a delta: tensors that are not in model.safetensors are this base's. */
      base: baseSchema.optional(),
    }),
  })
  .refine((config) => config.maxLength <= config.architecture.contextLength, {
    message: "maxLength must not exceed architecture.contextLength",
    path: ["maxLength"],
  });

/** config.json as it stands on disk. */
export type DetectorConfig = z.infer<typeof configSchema>;

export type BaseReference = z.infer<typeof baseSchema>;

/**
 * @param text - the file's contents, untrusted
 * @throws {DetectorError} CONFIG_INVALID listing everything that is wrong; FORMAT_VERSION_UNSUPPORTED
 */
export function parseConfig(text: string): DetectorConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new DetectorError("CONFIG_INVALID", "Expected config.json to be JSON, but it cannot be parsed.");
  }
  const version = versionOf(json);
  if (version !== undefined && version > formatVersion) {
    throw new DetectorError(
      "FORMAT_VERSION_UNSUPPORTED",
      `Expected a detector of format version ${formatVersion}, got ${version}. Update btp-cli to read it.`,
    );
  }
  const result = configSchema.safeParse(json);
  if (result.success) return result.data;
  throw new DetectorError(
    "CONFIG_INVALID",
    `Expected config.json of a ${formatName}, but: ${describeIssues(result.error)}.`,
  );
}

function versionOf(json: unknown): number | undefined {
  if (typeof json !== "object" || json === null || !("formatVersion" in json)) return undefined;
  return typeof json.formatVersion === "number" ? json.formatVersion : undefined;
}

/** "threshold: Too big: expected number to be <=1; labels.0: ..." */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 20)
    .map((issue) => `${issue.path.map(String).join(".") || "(whole file)"}: ${issue.message}`)
    .join("; ");
}
