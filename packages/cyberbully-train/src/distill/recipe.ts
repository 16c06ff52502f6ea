/**
 * A distillation recipe: the JSON file that says which texts a compact GPT learns from, in which phases, and what for.
 * Types, ranges and standard values; reading the files it names is sources.ts's. docs/distillation.md explains it to users.
 */
import * as z from "zod";
import { readCsvLayout } from "../data/csv-layout.js";
import { TrainError } from "../errors.js";
import { nearestName } from "../nearest-name.js";

const count = (max: number) => z.number().int().min(0).max(max);
const size = (max: number) => z.number().int().min(1).max(max);
const rate = z.number().min(0).lt(1);
const share = z.number().min(0).max(1);
const weight = z.number().min(0).max(1000);
const path = z.string().min(1).max(4096);
const column = z.string().min(1).max(200);
/** Part of file names and of the run's identity. */
const name = z.string().regex(/^[\w.-]{1,60}$/, "expected letters, digits, dots, dashes and underscores");

const textsShape = {
  file: path.describe(".csv or .tsv with a header; any other has one unlabelled message a line"),
  textColumn: column.default("Text"),
  labelColumn: column.default("Label"),
  labels: z
    .string()
    .min(1)
    .max(10_000)
    .optional()
    .describe("what the labels mean, for example bully=1,none=0,unsure=drop; without it 0 and 1"),
  delimiter: z
    .string()
    .min(1)
    .max(20)
    .optional()
    .describe("between columns; tab for a tabulator; without it a comma"),
  rows: z
    .tuple([count(1e9), count(1e9)])
    .optional()
    .describe("first row and the row after the last, counted from 0; default: all"),
};

const textsSchema = z.strictObject(textsShape);

const sourceSchema = z.strictObject({
  ...textsShape,
  scores: path.optional().describe("safetensors with `scores`, F32 [N]: a teacher's logit for each text"),
  vectors: path.optional().describe("safetensors with `vectors`, F16 or F32 [N, K]: a teacher's vector"),
});

const validationSchema = z.strictObject({
  ...textsShape,
  groupColumn: column
    .optional()
    .describe("column that says what kind of message each is: the card has figures by kind"),
  shownMistakes: count(100)
    .default(0)
    .describe(
      "so many of its most certain mistakes stand in the card, with their text: only where that may be published",
    ),
});

const portionSchema = z.strictObject({
  source: name,
  repeat: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe("times an epoch; 0.4 draws 40 % anew each epoch"),
  hardWeight: weight.default(1).describe("how much the labels of this source count"),
  augment: share.default(0).describe("part of its messages that is misspelled and disguised"),
});

const augmentationSchema = z.strictObject({
  misspelling: weight.default(1),
  leet: weight.default(1),
  spacing: weight.default(1),
  casing: weight.default(1),
});

const lossesSchema = z.strictObject({
  hard: weight.default(0).describe("cross-entropy against the labels"),
  soft: weight.default(0).describe("cross-entropy against sigmoid(score / softTemperature)"),
  vectors: weight
    .default(0)
    .describe("1 - cosine between the teacher's vector and a linear map of the pooled state"),
  languageModel: weight.default(0).describe("cross-entropy of predicting the next token"),
});

const phaseSchema = z.strictObject({
  name,
  kind: z.enum(["distill", "pretrain"]).default("distill"),
  start: z.enum(["previous", "scratch"]).default("previous"),
  mixture: z.array(portionSchema).min(1).max(100),
  losses: lossesSchema.optional(),
  softTemperature: z.number().min(0.01).max(100).default(1),
  epochs: size(10_000),
  tokensPerBatch: size(1_000_000).default(3000).describe("tokens of one update, padding included"),
  learningRate: z.number().positive().max(10),
  minLearningRate: z.number().min(0).max(10).default(0),
  warmUp: share.default(0.05).describe("part of the phase's updates"),
  weightDecay: z.number().min(0).max(10).default(0.01),
  beta1: rate.default(0.9),
  beta2: rate.default(0.98),
  epsilon: z.number().positive().max(1).default(1e-8),
  clip: z.number().positive().default(1),
  dropout: rate.default(0),
  headDropout: rate.default(0),
  tokenDropout: rate.default(0).describe("mean part of a message's tokens that is left out"),
  averageWeights: rate.default(0).describe("memory of the moving average that the phase ends with; 0 = off"),
  augmentation: augmentationSchema.prefault({}),
});

export const recipeSchema = z.strictObject({
  name,
  description: z.string().max(5000).optional(),
  model: z.strictObject({
    numLayers: size(100),
    width: size(10_000),
    numHeads: size(1_000),
    contextLength: size(65_536),
    embeddingDeviation: z.number().positive().max(10).default(0.02),
    bigramBuckets: size(2 ** 24)
      .optional()
      .describe("rows of a table of hashed tokens and pairs that adds to the logits; without it none"),
  }),
  vocabulary: z
    .strictObject({
      minCount: size(1_000_000).optional().describe("keep GPT-2 tokens seen at least this often"),
      countedIn: z.array(name).optional().describe("sources to count in; default: all"),
      keptIds: path.optional().describe("JSON list of GPT-2 token ids, in place of counting"),
    })
    .prefault({}),
  start: path
    .optional()
    .describe("detector directory whose weights and vocabulary training begins with, in place of the seed's"),
  normalise: z.boolean().default(false),
  seed: count(0xffff_ffff).default(1),
  sources: z.record(name, sourceSchema),
  phases: z.array(phaseSchema).min(1).max(100),
  validation: z.strictObject({
    sets: z.record(name, validationSchema),
    calibrateOn: name.describe("the set that fits scores and threshold"),
    calibration: z.enum(["none", "temperature", "temperature and bias"]).default("temperature and bias"),
    fitThreshold: z.boolean().default(false),
  }),
  precision: z.enum(["float32", "float16", "bfloat16", "int8"]).default("float32"),
  card: z
    .strictObject({
      teachers: z.string().max(5000).optional(),
      data: z.string().max(20_000).optional(),
      choices: z
        .string()
        .max(20_000)
        .optional()
        .describe("what was tried and measured on the way, in Markdown"),
      limits: z.string().max(20_000).optional().describe("where it fails and on whom, in Markdown"),
      command: z.string().max(1000).optional().describe("what makes the detector again"),
    })
    .prefault({}),
});

export type Texts = Readonly<z.infer<typeof textsSchema>> & { readonly groupColumn?: string | undefined };
export type Source = Readonly<z.infer<typeof sourceSchema>>;
export type Portion = Readonly<z.infer<typeof portionSchema>>;
export type Augmentation = Readonly<z.infer<typeof augmentationSchema>>;
export type Losses = Readonly<z.infer<typeof lossesSchema>>;
export type Phase = Readonly<Omit<z.infer<typeof phaseSchema>, "losses"> & { losses: Losses }>;
export type Recipe = Readonly<Omit<z.infer<typeof recipeSchema>, "phases"> & { phases: readonly Phase[] }>;

/**
 * @param json - untrusted
 * @throws {TrainError} BAD_CONFIG listing everything that is wrong, unknown keys with the nearest known one
 */
export function parseRecipe(json: unknown): Recipe {
  const parsed = recipeSchema.safeParse(json);
  if (!parsed.success) throw badRecipe(parsed.error.issues.slice(0, 20).flatMap(describeIssue));
  const phases = parsed.data.phases.map((phase) => ({ ...phase, losses: lossesOf(phase) }));
  const recipe = { ...parsed.data, phases };
  const problems = contradictionsOf(recipe);
  if (problems.length > 0) throw badRecipe(problems);
  return recipe;
}

/** Whether a file has columns; any other has one unlabelled message a line. */
export const isTable = (file: string): boolean => /\.[ct]sv$/i.test(file);

/** Whether a phase trains the decision, so that evaluating it says something. */
export const decides = ({ losses }: Phase): boolean => losses.hard > 0 || losses.soft > 0;

function lossesOf({ kind, losses }: z.infer<typeof phaseSchema>): Losses {
  if (losses !== undefined) return losses;
  const none = { hard: 0, soft: 0, vectors: 0, languageModel: 0 };
  return kind === "pretrain" ? { ...none, languageModel: 1 } : none;
}

function contradictionsOf(recipe: Recipe): string[] {
  const { model, sources, phases, validation, vocabulary } = recipe;
  const found: string[] = [];
  if (model.width % model.numHeads !== 0)
    found.push(
      `model: expected width to be a multiple of numHeads, got ${model.width} and ${model.numHeads}.`,
    );
  if (recipe.start !== undefined && Object.keys(vocabulary).length > 0)
    found.push("vocabulary: expected none beside start, whose vocabulary is used.");
  if (vocabulary.keptIds !== undefined && vocabulary.minCount !== undefined)
    found.push("vocabulary: expected minCount or keptIds, got both.");
  for (const wanted of vocabulary.countedIn ?? [])
    if (sources[wanted] === undefined) found.push(unknownName("vocabulary.countedIn", wanted, sources));
  if (validation.sets[validation.calibrateOn] === undefined)
    found.push(unknownName("validation.calibrateOn", validation.calibrateOn, validation.sets));
  for (const [kind, all] of [
    ["sources", sources],
    ["validation.sets", validation.sets],
  ] as const)
    for (const [own, texts] of Object.entries(all)) found.push(...layoutProblems(texts, `${kind}.${own}`));
  if (!phases.some(decides))
    found.push("phases: expected at least one with losses hard or soft, or nothing learns to decide.");
  phases.forEach((phase, i) => {
    found.push(...phaseProblems(phase, `phases.${i}`, recipe));
  });
  return found;
}

/** Found before any file is read. */
function layoutProblems(texts: Texts, at: string): string[] {
  if (!isTable(texts.file) && (texts.labels !== undefined || texts.delimiter !== undefined))
    return [`${at}: expected a file that ends in .csv or .tsv beside labels or delimiter.`];
  try {
    readCsvLayout(texts);
    return [];
  } catch (error) {
    if (error instanceof TrainError) return [`${at}: ${error.message}`];
    throw error;
  }
}

function phaseProblems(phase: Phase, at: string, { sources }: Recipe): string[] {
  const { losses, mixture } = phase;
  const found: string[] = [];
  if (Object.values(losses).every((value) => value === 0))
    found.push(`${at}.losses: expected at least one weight above 0.`);
  if (phase.kind === "pretrain" && (losses.languageModel === 0 || decides(phase) || losses.vectors > 0))
    found.push(`${at}: expected a phase of kind pretrain to have the loss languageModel alone.`);
  if (phase.minLearningRate > phase.learningRate)
    found.push(`${at}.minLearningRate: expected at most learningRate ${phase.learningRate}.`);
  if (phase.averageWeights > 0 && phase.averageWeights < 0.5)
    found.push(`${at}.averageWeights: expected 0, or from 0.5 to below 1.`);
  const known = mixture.flatMap(({ source }) => sources[source] ?? []);
  for (const { source } of mixture)
    if (sources[source] === undefined) found.push(unknownName(`${at}.mixture`, source, sources));
  for (const kind of ["scores", "vectors"] as const) {
    const weighs = (kind === "scores" ? losses.soft : losses.vectors) > 0;
    if (weighs && known.length > 0 && known.every((source) => source[kind] === undefined))
      found.push(`${at}: expected a source with ${kind}, as its losses need them.`);
  }
  return found;
}

function unknownName(at: string, wanted: string, known: Readonly<Record<string, unknown>>): string {
  return `${at}: ${JSON.stringify(wanted)} is not defined.${hintFor(wanted, Object.keys(known))}`;
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") return [`${at || "recipe"}: ${issue.message}.`];
  const known = keysAt(recipeSchema, issue.path);
  return issue.keys.map(
    (key) =>
      `${at === "" ? "" : `${at}: `}unknown key ${JSON.stringify(key.slice(0, 80))}.${hintFor(key, known)}`,
  );
}

/** Keys that the schema has where an issue is. */
function keysAt(schema: z.core.$ZodType, at: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return keysAt(schema.unwrap(), at);
  const [key, ...rest] = at;
  if (key === undefined) return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  const inner: unknown = schema instanceof z.ZodObject ? schema.shape[String(key)] : undefined;
  return inner instanceof z.ZodType ? keysAt(inner, rest) : [];
}

function hintFor(wanted: string, known: readonly string[]): string {
  const nearest = nearestName(wanted, known);
  return nearest === undefined ? "" : ` Did you mean ${nearest}?`;
}

function badRecipe(problems: readonly string[]): TrainError {
  return new TrainError("BAD_CONFIG", `The recipe does not fit. ${problems.join(" ")}`);
}
