/** Where a distillation stands: the JSON part of its checkpoint, and what its log and plots are made from. */
import type { RandomSource } from "@btp/tfjs-jit";
import * as z from "zod";

const count = z.number().int().min(0);
const word = z.number().int().min(0).max(0xffff_ffff);
const byLoss = z.strictObject({
  hard: z.number(),
  soft: z.number(),
  vectors: z.number(),
  languageModel: z.number(),
});

const evaluationSchema = z.strictObject({
  phase: z.string(),
  /** Updates of all phases done before it. */
  step: count,
  /** Epochs of all phases done before it. */
  epoch: z.number().min(0),
  /** Means over the updates since the evaluation before, without weights. */
  losses: byLoss,
  /** By validation set; empty where the phase does not train the decision. */
  sets: z.record(
    z.string(),
    z.strictObject({ loss: z.number(), accuracy: z.number(), f1: z.number(), auc: z.number() }),
  ),
});

export type PhaseEvaluation = Readonly<z.infer<typeof evaluationSchema>>;

export const distillPositionSchema = z.strictObject({
  /** Phase, epoch within it and batch within that: of the next update, counted from 0. */
  phase: count,
  epoch: count,
  batch: count,
  /** Updates done, of all phases. */
  step: count,
  /** Updates done when the phase began; what the phase does not train is stored under it. */
  bestStep: count,
  random: z.tuple([word, word, word, word]).readonly(),
  /** Since the last evaluation: sums of losses, and updates. */
  sums: byLoss,
  updates: count,
  evaluations: z.array(evaluationSchema),
  logBytes: count,
  /** Tokens learned from, without padding, and the seconds it took. */
  tokens: z.number().min(0),
  seconds: z.number().min(0),
});

export type DistillPosition = Readonly<z.infer<typeof distillPositionSchema>>;

export const noLosses = { hard: 0, soft: 0, vectors: 0, languageModel: 0 } as const;

export function firstPosition(random: RandomSource): DistillPosition {
  const [a, b, c, d] = random.getState();
  return {
    phase: 0,
    epoch: 0,
    batch: 0,
    step: 0,
    bestStep: 0,
    random: [a, b, c, d],
    sums: noLosses,
    updates: 0,
    evaluations: [],
    logBytes: 0,
    tokens: 0,
    seconds: 0,
  };
}

/** One line for people: losses that the phase has, figures of each validation set. */
export function describePhaseEvaluation({ phase, epoch, losses, sets }: PhaseEvaluation): string {
  const shown = Object.entries(losses).filter(([, value]) => value !== 0);
  const figures = Object.entries(sets).map(
    ([name, { loss, accuracy, auc }]) =>
      `${name} loss ${loss.toFixed(4)} accuracy ${(100 * accuracy).toFixed(2)} % AUC ${auc.toFixed(4)}`,
  );
  return [
    `phase ${phase}, epoch ${epoch.toFixed(2)}`,
    ...shown.map(([name, value]) => `${name} ${value.toFixed(4)}`),
    ...figures,
  ].join("  ");
}
