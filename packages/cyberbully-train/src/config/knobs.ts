/**
 * Every knob of a training run: its type, its range and what it does. The command line, the help text, configuration
 * files and the checks are all made from this table; presets.ts holds the values.
 */
import { maxBigramBuckets } from "@btp/core-gpt";
import * as z from "zod";

const fraction = z.number().min(0).max(1);
const rate = z.number().min(0).lt(1);
const count = (max: number) => z.number().int().min(0).max(max);
const size = (max: number) => z.number().int().min(1).max(max);
const path = z.string().min(1).max(4096);

/** Insertion order is the order of the help text. */
export const knobSchema = z.strictObject({
  train: path.optional().describe("CSV with the training messages; without it the bundled synthetic sample"),
  validation: path.optional().describe("CSV with the validation messages; needed with --train"),
  textColumn: z.string().min(1).max(200).describe("name of the column with the messages"),
  labelColumn: z
    .string()
    .min(1)
    .max(200)
    .describe("name of the column with the labels: 1 = cyberbullying, 0 = not, or as --labels says"),
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
    .describe("between columns; 'tab' for a tabulator; without it a comma"),
  out: path.describe("directory that the detector is written to"),
  name: z
    .string()
    .max(200)
    .optional()
    .describe("name of the detector in its model card; default: that of --out"),

  base: path.describe(
    "'none' to train from scratch, 'gpt2' (-medium, -large, -xl), or a directory with GPT-2 weights",
  ),
  numLayers: size(100).describe("blocks of a model from scratch"),
  width: size(10_000).describe("width of the hidden states of a model from scratch"),
  numHeads: size(1_000).describe("attention heads of a model from scratch"),
  bigramBuckets: count(maxBigramBuckets).describe(
    "rows of a table in which a model from scratch looks up what tokens and pairs of neighbours say by themselves; 0 = none",
  ),
  minTokenCount: count(1_000_000).describe(
    "keep token ids seen at least this often in training, others are spelled with smaller ones; 0 keeps GPT-2's whole vocabulary",
  ),
  normalise: z
    .boolean()
    .describe(
      "undo what hides or varies words (references, look-alike and invisible characters, links, mentions, capitals, long runs) before tokens are cut, in training and in the detector",
    ),
  embeddingDeviation: z
    .number()
    .positive()
    .max(10)
    .describe(
      "standard deviation of token embeddings as a model from scratch starts; larger ones are rewritten more slowly",
    ),
  maxLength: size(65_536).describe("tokens read of a message"),

  unfreezeBlocks: z
    .union([z.literal("all"), count(1_000)])
    .describe("blocks trained, counted from the last; 0 = the head only, 'all' = everything, embeddings too"),
  loraRank: count(1_024).describe(
    "rank of LoRA adapters: with 1 or more they are trained with the final LayerNorm and the head, the matrices stay, and unfreezeBlocks is not looked at; 0 = none",
  ),
  loraAlpha: z
    .number()
    .positive()
    .max(10_000)
    .describe("adapters are scaled by this over their rank, so that other ranks need no other learning rate"),
  loraDropout: rate.describe("dropout of what adapters read while training"),
  loraBlocks: z
    .union([z.literal("all"), size(1_000)])
    .describe("blocks with adapters, counted from the last; those below are computed once"),
  loraMatrices: z
    .enum(["all", "attention", "feed-forward"])
    .describe("matrices of a block that get adapters"),
  trunkDropout: z
    .boolean()
    .describe("dropout in the frozen blocks too, which are then computed anew each epoch"),
  trunkPrecision: z
    .enum(["fp32", "int8"])
    .describe("int8 computes the frozen blocks faster, where their output stays within 2 % of float32"),
  trunkMemory: z
    .number()
    .min(0)
    .describe(
      "gigabytes that the frozen blocks' weights may take; larger ones are read block by block, and are not held",
    ),
  cache: z.boolean().describe("keep what the frozen blocks compute on disk, and read it in later epochs"),
  cacheDir: path.optional().describe("where; default: features/ under $BTP_CACHE or ~/.cache/btp"),
  offline: z.boolean().describe("never download a base"),

  epochs: size(10_000).describe("passes over the training messages"),
  batchSize: size(65_536).describe("messages of one update"),
  accumulate: size(10_000).describe(
    "micro-batches that one update is computed in; less memory, same numbers",
  ),
  stepMemory: z
    .number()
    .positive()
    .describe(
      "gigabytes that one update may take beside weights and moments; batches of messages so long that they would take more are computed in as many micro-batches as it needs",
    ),
  learningRate: z.number().positive().max(10).describe("highest learning rate"),
  minLearningRate: z.number().min(0).max(10).describe("learning rate at the end of the cosine"),
  warmUp: fraction.describe("part of all updates over which the learning rate rises from 0"),
  weightDecay: z
    .number()
    .min(0)
    .max(10)
    .describe("decoupled decay of matrices; biases and LayerNorm are exempt"),
  clip: z.number().positive().describe("gradients are scaled down to this global norm"),
  beta1: rate.describe("AdamW: memory of the gradient's mean"),
  beta2: rate.describe("AdamW: memory of the gradient's square"),
  epsilon: z.number().positive().max(1).describe("AdamW: added to the denominator"),

  dropout: rate.describe("dropout of embeddings, attention and residual branches while training"),
  headDropout: rate.describe("dropout of the pooled features in front of the head while training"),
  tokenDropout: rate.describe("part of the tokens hidden from the model while training"),
  positionShift: count(65_536).describe(
    "while training from token ids, messages begin at a random position up to this one",
  ),
  labelSmoothing: rate.describe("part of each target spread evenly over the labels"),
  languageModelWeight: z
    .number()
    .min(0)
    .max(100)
    .describe("weight of predicting the next token beside the decision; needs unfreezeBlocks all"),
  classWeights: z
    .enum(["none", "balanced"])
    .describe("'balanced' makes both labels count the same in the loss"),
  averageWeights: rate.describe(
    "evaluate and keep an exponential moving average of the weights with this memory; 0 = off",
  ),

  evaluationsPerEpoch: size(1_000).describe("evaluations on the whole validation set in each epoch"),
  selectBy: z
    .enum(["accuracy", "f1", "auc", "loss"])
    .describe("validation figure that chooses the checkpoint to keep"),
  patience: count(100_000).describe("stop after this many evaluations without improvement; 0 = never"),
  calibrate: z.boolean().describe("fit the temperature on the validation set"),
  fitThreshold: z.boolean().describe("take the threshold with the best validation accuracy in place of 0.5"),

  store: z
    .enum(["auto", "whole", "delta"])
    .describe(
      "'delta' writes only what was trained and names the base; auto: so for a published base of which a part is trained, else whole",
    ),
  seed: count(0xffff_ffff).describe("of initialisation, order and dropout"),
  engine: z.enum(["auto", "jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"]).describe("what computes"),
  threads: size(1_024).optional().describe("threads of the engine; default: one for each processor core"),
  resume: z
    .boolean()
    .describe("go on from the checkpoint in --out; other options are those of the first part"),
  overwrite: z.boolean().describe("replace a detector that is already in --out"),
  checkpointSeconds: z.number().min(0).describe("time between checkpoints; 0 = after every update"),
  logs: path.describe("directory of training_logs.txt and the JSON-lines log"),
});

/** A complete, checked configuration. */
export type TrainConfig = Readonly<z.infer<typeof knobSchema>>;

export type KnobName = keyof TrainConfig & string;

export const knobNames = Object.keys(knobSchema.shape) as KnobName[];

/**
 * Knobs that do not change a single bit of the result, so that a resumed run may be given other values.
 * `epochs` is not among them: the cosine ends where they end.
 */
export const freeKnobs: readonly KnobName[] = [
  "train",
  "validation",
  "out",
  "name",
  "cacheDir",
  "offline",
  "resume",
  "overwrite",
  "checkpointSeconds",
  "logs",
  "threads",
];
