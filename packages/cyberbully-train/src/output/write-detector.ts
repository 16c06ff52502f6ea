/** From a finished run to a detector directory: calibration, figures, model card, run.json, weights. */
import { basename } from "node:path";
import { classifierParameterTable, type GptConfig, type HostTensor } from "@btp/core-gpt";
import { writeArtifact } from "@btp/detector";
import type { TrainConfig } from "../config/knobs.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { type Evaluation, evaluateScores } from "../metrics/evaluation.js";
import { rankScores } from "../metrics/ranked-scores.js";
import { describeFit, fitTemperature, scoresOf } from "../metrics/temperature.js";
import { bestThreshold } from "../metrics/thresholds.js";
import type { DataSets } from "../prepare/data-sets.js";
import { allStartWeights, type StartWeights } from "../prepare/start-weights.js";
import type { Vocabulary } from "../prepare/vocabulary.js";
import { type Figures, figuresOf } from "../run/figures.js";
import type { EvaluationRecord, RunIdentity } from "../run/run-position.js";
import type { TrainLoopResult } from "../run/train-loop.js";
import { mergeAdapters } from "../step/lora.js";
import { assembleClassifier, numLabels, type TrainedPart } from "../step/trained-part.js";
import { writeModelCard } from "./model-card.js";
import { deltaBase } from "./storage.js";
import { renderTrainingPlots } from "./training-plots.js";

export interface WriteDetectorInput {
  readonly config: TrainConfig;
  /** Absolute path of the directory. */
  readonly out: string;
  readonly data: DataSets;
  readonly vocabulary: Vocabulary;
  readonly start: StartWeights;
  readonly part: TrainedPart;
  readonly messages: { readonly train: EncodedMessages; readonly validation: EncodedMessages };
  readonly result: TrainLoopResult;
  readonly identity: RunIdentity;
  readonly engineName: string;
  readonly now: () => number;
}

export interface TrainedDetector {
  /** Absolute path of the directory. */
  readonly directory: string;
  /** Of model.safetensors, hex. */
  readonly sha256: string;
  readonly figures: Figures;
  readonly threshold: number;
  readonly temperature: number;
  readonly evaluations: readonly EvaluationRecord[];
  readonly stoppedEarly: boolean;
  /** Seconds of training. */
  readonly seconds: number;
  /** Sentences on what the figures cannot tell. */
  readonly warnings: readonly string[];
}

export async function writeDetector(input: WriteDetectorInput): Promise<TrainedDetector> {
  const { config, out, start, part, vocabulary, result, messages } = input;
  const { validationLogits, evaluations, seconds, stoppedEarly } = result;
  const { targets } = messages.validation;
  const labels = Uint8Array.from(targets, (target) => (target >= 0.5 ? 1 : 0));
  const margins = Float64Array.from(
    targets,
    (_, i) => validationLogits[i * 2 + 1]! - validationLogits[i * 2]!,
  );
  const temperature = config.calibrate ? fitTemperature(labels, margins) : 1;
  const warning = describeFit(temperature, labels.length);
  const warnings = warning === undefined ? [] : [warning];
  const scores = scoresOf(margins, temperature);
  const threshold = config.fitThreshold
    ? bestThreshold(rankScores(labels, scores, 0.5), "accuracy").threshold
    : 0.5;
  const evaluation = evaluateScores(labels, scores, { threshold, seed: config.seed });
  const figures = figuresOf(validationLogits, targets, temperature);
  const base = deltaBase(config, part, start);
  const params = assembleClassifier<HostTensor>(start.model, {
    ...(await allStartWeights(start)),
    ...mergeAdapters(part, start.params, result.parameters),
  });
  const sha256 = await writeArtifact(
    out,
    {
      architecture: start.model,
      params,
      ...(vocabulary.keptTokenIds && { keptTokenIds: vocabulary.keptTokenIds }),
      normalise: config.normalise,
      threshold,
      temperature,
      maxLength: config.maxLength,
    },
    {
      ...(base && { base }),
      files: {
        ...(await plotsOf(input)),
        "README.md": modelCard(input, threshold, temperature, warnings),
        "metrics.json": `${JSON.stringify(describeMetrics(input, evaluation, temperature, warnings), null, 2)}\n`,
        "run.json": `${JSON.stringify(describeRun(input), null, 2)}\n`,
      },
    },
  );
  const finished = { evaluations, stoppedEarly, seconds, warnings };
  return { directory: out, sha256, figures, threshold, temperature, ...finished };
}

/** Figures with what they were taken on and how. */
function describeMetrics(
  { config, data, identity }: WriteDetectorInput,
  evaluation: Evaluation,
  temperature: number,
  warnings: readonly string[],
): Record<string, unknown> {
  const { path, sha256 } = data.validation;
  return {
    validation: {
      data: { file: basename(path), sha256 },
      note: "these messages chose the checkpoint, and the temperature where it is not 1",
      seed: config.seed,
      engine: identity.engine,
      command: "btp-cli train, with the configuration in run.json",
      temperature,
      warnings,
      ...evaluation,
    },
  };
}

function modelCard(
  input: WriteDetectorInput,
  threshold: number,
  temperature: number,
  warnings: readonly string[],
): string {
  const { config, out, start, data, result, engineName, now } = input;
  return writeModelCard({
    name: config.name ?? basename(out),
    config,
    parameters: countParameters(start),
    base: start.base,
    trainMessages: data.train.examples.length,
    validationMessages: data.validation.examples.length,
    synthetic: data.synthetic,
    dataNotes: data.notes.map((note) => withBaseNames(note, data)),
    best: result.evaluations.find(({ step }) => step === result.bestStep)!,
    threshold,
    temperature,
    warnings,
    steps: result.steps,
    seconds: result.seconds,
    engine: engineName,
    date: new Date(now()).toISOString(),
  });
}

/** Cards are published: they name files, not where they lay. */
function withBaseNames(note: string, { train, validation }: DataSets): string {
  return [train.path, validation.path].reduce((text, path) => text.replaceAll(path, basename(path)), note);
}

function plotsOf({
  config,
  out,
  data,
  result,
}: WriteDetectorInput): Promise<Record<string, string | Uint8Array>> {
  return renderTrainingPlots(result.evaluations, {
    run: `${config.name ?? basename(out)}, trained on ${basename(data.train.path)}`,
    trainMessages: data.train.examples.length,
    validationMessages: data.validation.examples.length,
    bestEpoch: result.evaluations.find(({ step }) => step === result.bestStep)!.epoch,
  });
}

function countParameters({ model }: StartWeights): number {
  return classifierParameterTable(model, numLabels).reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
}

function describeRun({
  config,
  identity,
  data,
  result,
  start,
  now,
}: WriteDetectorInput): Record<string, unknown> {
  const architecture: GptConfig = start.model;
  return {
    config,
    architecture,
    data: {
      train: {
        file: basename(data.train.path),
        sha256: data.train.sha256,
        messages: data.train.examples.length,
      },
      validation: {
        file: basename(data.validation.path),
        sha256: data.validation.sha256,
        messages: data.validation.examples.length,
      },
    },
    notes: data.notes,
    base: start.base ?? null,
    engine: identity.engine,
    versions: { node: process.version, platform: `${process.platform} ${process.arch}` },
    finished: new Date(now()).toISOString(),
    seconds: result.seconds,
    steps: result.steps,
    bestStep: result.bestStep,
    stoppedEarly: result.stoppedEarly,
    evaluations: result.evaluations,
  };
}
