/** Where a run stands, and what it is a run of: the JSON part of a checkpoint. */
import { resolve } from "node:path";
import * as z from "zod";
import { absoluteBase, mayBeSameBase } from "../config/base-path.js";
import { freeKnobs, type KnobName, type TrainConfig } from "../config/knobs.js";
import { TrainError } from "../errors.js";

const count = z.number().int().min(0);
const word = z.number().int().min(0).max(0xffff_ffff);

export const evaluationSchema = z.strictObject({
  /** Updates done before it. */
  step: count,
  /** Passes over the training messages done before it, fractional. */
  epoch: z.number().min(0),
  trainLoss: z.number(),
  trainAccuracy: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  f1: z.number(),
  auc: z.number(),
  learningRate: z.number(),
});

/** One evaluation on the whole validation set, beside what training showed since the one before. */
export type EvaluationRecord = Readonly<z.infer<typeof evaluationSchema>>;

export const runPositionSchema = z.strictObject({
  /** Epoch of the next batch, counted from 0. */
  epoch: count,
  /** Next batch within the epoch's order. */
  batch: count,
  /** Updates done. */
  step: count,
  /** State of the dropout generator. */
  random: z.tuple([word, word, word, word]).readonly(),
  /** Sums since the last evaluation. */
  lossSum: z.number(),
  correct: count,
  seen: count,
  /** Every evaluation so far, in order. */
  evaluations: z.array(evaluationSchema),
  /** Update after which the best weights were taken; 0 where there are none. */
  bestStep: count,
  evaluationsWithoutGain: count,
  /** Bytes of the machine log that belong to the checkpoint; what follows is written again. */
  logBytes: count,
  /** Seconds that training has taken so far, over all its parts. */
  seconds: z.number().min(0),
});

export type RunPosition = Readonly<z.infer<typeof runPositionSchema>>;

export const runIdentitySchema = z.strictObject({
  /** Every knob, as text. */
  config: z.record(z.string(), z.string()),
  /** sha256 over texts and labels in order. */
  trainData: z.string(),
  validationData: z.string(),
  /** sha256 over the weights that training started from. */
  startWeights: z.string(),
  engine: z.string(),
});

/** What has to be the same for a resumed run to give the same bits. */
export type RunIdentity = Readonly<z.infer<typeof runIdentitySchema>>;

const pathKnobs: readonly string[] = ["train", "validation", "out", "cacheDir", "logs"] satisfies KnobName[];

/** Paths are made absolute, so that a run can go on from another working directory. */
export function describeConfig(config: TrainConfig): Record<string, string> {
  const described = Object.entries(config).map(([knob, value]) => [
    knob,
    pathKnobs.includes(knob) ? resolve(String(value)) : String(value),
  ]);
  return { ...Object.fromEntries(described), base: absoluteBase(config.base) };
}

/** @throws {TrainError} CHECKPOINT_MISMATCH listing everything that differs */
export function checkSameRun(saved: RunIdentity, now: RunIdentity): void {
  const differences: string[] = [];
  const compared = new Set([...Object.keys(saved.config), ...Object.keys(now.config)]);
  for (const knob of freeKnobs) compared.delete(knob);
  compared.delete("engine"); // what it was resolved to is compared below
  for (const knob of [...compared].sort()) {
    const before = saved.config[knob] ?? "(none)";
    const after = now.config[knob] ?? "(none)";
    // Weights that lie elsewhere may be the same: their digests are compared below.
    if (knob === "base" && mayBeSameBase(before, after)) continue;
    if (before !== after) differences.push(`${knob} was ${before} and is ${after}`);
  }
  if (saved.engine !== now.engine) differences.push(`the engine was ${saved.engine} and is ${now.engine}`);
  if (saved.trainData !== now.trainData) differences.push("the training messages are others");
  if (saved.validationData !== now.validationData) differences.push("the validation messages are others");
  if (saved.startWeights !== now.startWeights)
    differences.push("the weights that training starts from are others");
  if (differences.length === 0) return;
  throw new TrainError(
    "CHECKPOINT_MISMATCH",
    `Expected to go on with the same run, but ${differences.join("; ")}. Give the values of the first part, or another --out.`,
  );
}
