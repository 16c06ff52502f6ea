/**
 * One batch of a phase as host tensors: token ids, some left out or misspelled, and what each text should give.
 * Shape letters: B texts, T tokens of the longest, L labels, K width of a teacher's vectors.
 */
import { createRandom, type Random } from "@btp/core-gpt";
import type { HostTensor } from "@btp/tfjs-jit";
import { type BatchInput, type BatchTargets, layOutTargets, layOutTokens } from "../messages/batch.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import type { Vocabulary } from "../prepare/vocabulary.js";
import { augmentText } from "./augment.js";
import type { Mixture } from "./mixture.js";
import type { Phase } from "./recipe.js";

/** What a phase aims at besides labels. A weight of 0 leaves a text out. */
export interface TeacherTargets<T> {
  /** float32 [B, L]: the teacher's probabilities at the phase's temperature */
  readonly softTargets: T;
  /** float32 [B] */
  readonly softWeights: T;
  /** float32 [B, K]; K is 1 where the phase has no use for vectors */
  readonly vectors: T;
  /** float32 [B] */
  readonly vectorWeights: T;
}

export type DistillBatch<T> = BatchInput<T> & BatchTargets<T> & TeacherTargets<T>;

export interface BatchMaker {
  readonly mixture: Mixture;
  readonly phase: Phase;
  readonly vocabulary: Vocabulary;
  /** Tokens read of a text. */
  readonly maxTokens: number;
  /** K */
  readonly vectorWidth: number;
}

/** @param seed - of whatever is random about this batch */
export function makeBatch(
  maker: BatchMaker,
  texts: readonly number[],
  seed: number,
): DistillBatch<HostTensor> {
  const { mixture } = maker;
  const random = createRandom(seed);
  const rows = texts.map((text) => idsOf(maker, text, random));
  const targets = Float32Array.from(
    texts,
    (text) => portionOf(mixture, text).messages.targets[mixture.rowOf[text]!]!,
  );
  const messages = pack(rows, targets);
  const all = rows.map((_, i) => i);
  return {
    ...layOutTokens(messages, all),
    ...layOutTargets(messages, all, { labelSmoothing: 0, classWeights: [1, 1] }),
    weights: vector(
      texts.map((text) => {
        const { source, portion } = portionOf(mixture, text);
        return source.labels === undefined ? 0 : portion.hardWeight;
      }),
    ),
    ...teacherTargets(maker, texts),
  };
}

const portionOf = (mixture: Mixture, text: number): Mixture["portions"][number] =>
  mixture.portions[mixture.portionOf[text]!]!;

/** The text's token ids, disguised with the portion's probability, some left out. */
function idsOf(
  { mixture, phase, vocabulary, maxTokens }: BatchMaker,
  text: number,
  random: Random,
): ArrayLike<number> {
  const { source, messages, portion } = portionOf(mixture, text);
  const row = mixture.rowOf[text]!;
  const disguised = portion.augment > 0 && random() < portion.augment;
  const ids = disguised
    ? vocabulary.encode(augmentText(source.texts[row]!, phase.augmentation, random), maxTokens).ids
    : messages.ids.subarray(messages.offsets[row]!, messages.offsets[row + 1]!);
  return phase.tokenDropout > 0 ? dropTokens(ids, phase.tokenDropout, random) : ids;
}

/** Leaves tokens out: a part between none and twice the mean, drawn for each text; short texts stay as they are. */
function dropTokens(ids: ArrayLike<number>, mean: number, random: Random): ArrayLike<number> {
  if (ids.length <= 3) return ids;
  const part = Math.min(2 * mean, 1) * random();
  const kept = Array.from(ids).filter(() => random() >= part);
  return kept.length >= 2 ? kept : ids;
}

function pack(rows: readonly ArrayLike<number>[], targets: Float32Array): EncodedMessages {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + row.length;
  });
  const ids = new Int32Array(offsets[rows.length]!);
  rows.forEach((row, i) => {
    ids.set(row, offsets[i]!);
  });
  return { ids, offsets, targets, truncated: 0 };
}

function teacherTargets(
  { mixture, phase, vectorWidth }: BatchMaker,
  texts: readonly number[],
): TeacherTargets<HostTensor> {
  const softTargets = new Float32Array(texts.length * 2);
  const softWeights = new Float32Array(texts.length);
  const vectors = new Float32Array(texts.length * vectorWidth);
  const vectorWeights = new Float32Array(texts.length);
  texts.forEach((text, i) => {
    const { source } = portionOf(mixture, text);
    const row = mixture.rowOf[text]!;
    if (source.scores !== undefined) {
      const probability = 1 / (1 + Math.exp(-source.scores[row]! / phase.softTemperature));
      softTargets[i * 2] = 1 - probability;
      softTargets[i * 2 + 1] = probability;
      softWeights[i] = 1;
    }
    if (source.vectors !== undefined && phase.losses.vectors > 0) {
      vectors.set(source.vectors.row(source.firstRow + row), i * vectorWidth);
      vectorWeights[i] = 1;
    }
  });
  return {
    softTargets: { dtype: "float32", shape: [texts.length, 2], data: softTargets },
    softWeights: vector(softWeights),
    vectors: { dtype: "float32", shape: [texts.length, vectorWidth], data: vectors },
    vectorWeights: vector(vectorWeights),
  };
}

function vector(values: ArrayLike<number>): HostTensor {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
}
