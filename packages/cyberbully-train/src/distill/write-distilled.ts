/**
 * From distilled weights to a detector directory. The weights are stored first and read back, so that calibration, figures
 * and card are those of the file as users get it, rounding to int8 or 16 bits included.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ClassifierParams, flattenParams, type GptConfig, type HostTensor } from "@btp/core-gpt";
import { type DetectorArtifact, readArtifact, writeArtifact } from "@btp/detector";
import { type Evaluation, evaluateScores } from "../metrics/evaluation.js";
import { evaluateGroups, type GroupFigures } from "../metrics/groups.js";
import { worstMistakes } from "../metrics/mistakes.js";
import { rankScores } from "../metrics/ranked-scores.js";
import { describeFit, fitTemperature, scoresOf } from "../metrics/temperature.js";
import { bestThreshold } from "../metrics/thresholds.js";
import { renderPlot } from "../plots/render.js";
import { accuracyPlot, lossPlot } from "../plots/training-plots.js";
import type { Vocabulary } from "../prepare/vocabulary.js";
import type { MessageSource } from "../run/message-source.js";
import type { RunIdentity } from "../run/run-position.js";
import type { Scorer } from "../run/scorer.js";
import { assembleClassifier } from "../step/trained-part.js";
import { areSeparated, type Calibration, fitTemperatureAndBias } from "./calibration.js";
import { type DistillLoopResult, scorable } from "./distill-loop.js";
import { type ShownMistake, writeDistilledCard } from "./distilled-card.js";
import type { EncodedSource } from "./mixture.js";
import type { Recipe } from "./recipe.js";

export interface ValidationSet {
  readonly name: string;
  /** As the recipe names it. */
  readonly file: string;
  readonly sha256: string;
  readonly labels: Uint8Array;
  readonly texts: readonly string[];
  /** Kind of each message, where the recipe names a column of kinds. */
  readonly groups: readonly string[] | undefined;
  readonly source: MessageSource;
}

export interface WriteDistilledInput {
  readonly recipe: Recipe;
  /** Absolute path of the directory. */
  readonly out: string;
  readonly model: GptConfig;
  readonly vocabulary: Vocabulary;
  readonly sources: ReadonlyMap<string, EncodedSource>;
  readonly validation: ReadonlyMap<string, ValidationSet>;
  readonly scorer: Scorer;
  readonly result: DistillLoopResult;
  readonly identity: RunIdentity;
  /** Whether phases were cut short. */
  readonly trial: boolean;
  readonly now: () => number;
}

export interface DistilledDetector {
  /** Absolute path of the directory. */
  readonly directory: string;
  /** Of model.safetensors, hex. */
  readonly sha256: string;
  readonly threshold: number;
  readonly temperature: number;
  /** By validation set. */
  readonly evaluations: Readonly<Record<string, Evaluation>>;
  readonly calibratedOn: string;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  /** Sentences on what the figures cannot tell. */
  readonly warnings: readonly string[];
}

export async function writeDistilled(input: WriteDistilledInput): Promise<DistilledDetector> {
  const { recipe, out, model, vocabulary, result } = input;
  const { precision } = recipe;
  const raw: DetectorArtifact = {
    architecture: model,
    params: assembleClassifier<HostTensor>(model, scorable(result.parameters)),
    ...(vocabulary.keptTokenIds && { keptTokenIds: vocabulary.keptTokenIds }),
    normalise: recipe.normalise,
    threshold: 0.5,
    temperature: 1,
    maxLength: model.contextLength,
  };
  const stored = await storedParams(out, raw, precision);
  const margins = await scoreSets(input, stored);
  const { calibration, threshold } = calibrate(input, margins);
  const evaluations: Record<string, Evaluation> = {};
  const groups: Record<string, readonly GroupFigures[]> = {};
  const mistakes: Record<string, readonly ShownMistake[]> = {};
  for (const [name, { labels, texts, groups: kinds }] of input.validation) {
    const scores = scoresOf(shift(margins.get(name)!, calibration.bias), calibration.temperature);
    evaluations[name] = evaluateScores(labels, scores, { threshold, seed: recipe.seed });
    if (kinds !== undefined) groups[name] = evaluateGroups(kinds, labels, scores, threshold);
    const shown = worstMistakes(
      labels,
      scores,
      threshold,
      recipe.validation.sets[name]!.shownMistakes,
      kinds,
    );
    mistakes[name] = shown.map((mistake) => ({ ...mistake, text: texts[mistake.row]! }));
  }
  const artifact = {
    ...raw,
    params: withBias(raw.params, calibration.bias),
    threshold,
    temperature: calibration.temperature,
  };
  const { position } = result;
  const tokensPerSecond = position.tokens / Math.max(position.seconds, 1e-9);
  const warnings = warningsOf(input, margins, calibration);
  const facts = {
    ...input,
    warnings,
    calibration,
    threshold,
    evaluations,
    groups,
    mistakes,
    tokensPerSecond,
  };
  const sha256 = await writeArtifact(out, artifact, {
    precision,
    files: {
      ...(await plotsOf(input)),
      "README.md": writeDistilledCard(facts),
      "metrics.json": `${JSON.stringify(describeMetrics(input, evaluations, groups, calibration, warnings), null, 2)}\n`,
      "run.json": `${JSON.stringify(describeRun(input), null, 2)}\n`,
      "recipe.json": `${JSON.stringify(recipe, null, 2)}\n`,
    },
  });
  return {
    directory: out,
    sha256,
    threshold,
    temperature: calibration.temperature,
    evaluations,
    calibratedOn: recipe.validation.calibrateOn,
    seconds: position.seconds,
    tokensPerSecond,
    warnings,
  };
}

function warningsOf(
  { recipe, validation }: WriteDistilledInput,
  margins: ReadonlyMap<string, Float64Array>,
  { temperature }: Calibration,
): string[] {
  const { calibrateOn, calibration } = recipe.validation;
  const { labels } = validation.get(calibrateOn)!;
  const separated = calibration === "temperature and bias" && areSeparated(labels, margins.get(calibrateOn)!);
  const warning = describeFit(temperature, labels.length, separated);
  return warning === undefined ? [] : [warning];
}

/** The weights as they come back from a file of the wanted precision. */
async function storedParams(
  out: string,
  artifact: DetectorArtifact,
  precision: Recipe["precision"],
): Promise<ClassifierParams<HostTensor>> {
  if (precision === "float32") return artifact.params;
  await mkdir(dirname(out), { recursive: true });
  const folder = await mkdtemp(join(dirname(out), ".stored-"));
  try {
    await writeArtifact(join(folder, "model"), artifact, { precision });
    return (await readArtifact(join(folder, "model"))).params;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Logit of cyberbullying minus the other, float64 [N], by validation set. */
async function scoreSets(
  { scorer, validation }: WriteDistilledInput,
  params: ClassifierParams<HostTensor>,
): Promise<Map<string, Float64Array>> {
  const weights = Object.fromEntries(flattenParams(params).map(({ path, value }) => [path, value]));
  const margins = new Map<string, Float64Array>();
  for (const [name, { source, labels }] of validation) {
    const logits = await scorer.score(weights, source);
    margins.set(
      name,
      Float64Array.from(labels, (_, i) => logits[2 * i + 1]! - logits[2 * i]!),
    );
  }
  return margins;
}

function calibrate(
  { recipe, validation }: WriteDistilledInput,
  margins: ReadonlyMap<string, Float64Array>,
): { readonly calibration: Calibration; readonly threshold: number } {
  const { calibrateOn, calibration: kind, fitThreshold } = recipe.validation;
  const { labels } = validation.get(calibrateOn)!;
  const own = margins.get(calibrateOn)!;
  const calibration =
    kind === "temperature and bias"
      ? fitTemperatureAndBias(labels, own)
      : { temperature: kind === "temperature" ? fitTemperature(labels, own) : 1, bias: 0 };
  const scores = scoresOf(shift(own, calibration.bias), calibration.temperature);
  const threshold = fitThreshold ? bestThreshold(rankScores(labels, scores, 0.5), "accuracy").threshold : 0.5;
  return { calibration, threshold };
}

const shift = (margins: Float64Array, bias: number): Float64Array => margins.map((margin) => margin + bias);

function withBias(params: ClassifierParams<HostTensor>, bias: number): ClassifierParams<HostTensor> {
  const { head } = params;
  const data = Float32Array.from(head.bias.data);
  data[1] = data[1]! + bias;
  return { ...params, head: { ...head, bias: { dtype: "float32", shape: head.bias.shape, data } } };
}

async function plotsOf({
  recipe,
  result,
  sources,
  validation,
}: WriteDistilledInput): Promise<Record<string, string | Uint8Array>> {
  const { calibrateOn } = recipe.validation;
  const decided = result.position.evaluations.filter(({ sets }) => sets[calibrateOn] !== undefined);
  const caption = {
    run: `${recipe.name}, phases that decide, on ${calibrateOn}`,
    trainMessages: [...sources.values()].reduce((sum, { source }) => sum + source.texts.length, 0),
    validationMessages: validation.get(calibrateOn)!.labels.length,
  };
  const points = (figure: "loss" | "accuracy") =>
    decided.map(({ epoch, sets }) => ({ epoch, value: sets[calibrateOn]![figure] }));
  const train = decided.map(({ epoch, losses }) => ({
    epoch,
    value: losses.soft > 0 ? losses.soft : losses.hard,
  }));
  const loss = await renderPlot(lossPlot({ train, validation: points("loss") }, caption));
  const accuracy = await renderPlot(accuracyPlot({ train: [], validation: points("accuracy") }, caption));
  return {
    "loss-plot.png": loss.png,
    "loss-plot.svg": loss.svg,
    "accuracy-plot.png": accuracy.png,
    "accuracy-plot.svg": accuracy.svg,
  };
}

/** Figures by validation set, with what they were taken on and how. */
function describeMetrics(
  { recipe, validation, identity }: WriteDistilledInput,
  evaluations: Readonly<Record<string, Evaluation>>,
  groups: Readonly<Record<string, readonly GroupFigures[]>>,
  { temperature, bias }: Calibration,
  warnings: readonly string[],
): Record<string, unknown> {
  const { calibrateOn, calibration } = recipe.validation;
  return Object.fromEntries(
    [...validation].map(([name, { file, sha256 }]) => [
      name,
      {
        data: { file, sha256 },
        note:
          name === calibrateOn
            ? `these messages fitted: ${calibration}${recipe.validation.fitThreshold ? ", threshold" : ""}`
            : "nothing was fitted on these messages",
        seed: recipe.seed,
        engine: identity.engine,
        command: "btp-cli distill, with recipe.json",
        temperature,
        bias,
        warnings,
        ...evaluations[name],
        ...(groups[name] && { groups: groups[name] }),
      },
    ]),
  );
}

function describeRun({ recipe, model, sources, result, identity, trial, now }: WriteDistilledInput) {
  const { position } = result;
  return {
    recipe: "recipe.json",
    trial,
    architecture: model,
    sources: [...sources.values()].map(({ source, messages }) => ({
      name: source.name,
      file: source.file,
      sha256: source.sha256,
      texts: source.texts.length,
      truncated: messages.truncated,
      scores: recipe.sources[source.name]?.scores ?? null,
      vectors: recipe.sources[source.name]?.vectors ?? null,
    })),
    identity,
    versions: { node: process.version, platform: `${process.platform} ${process.arch}` },
    finished: new Date(now()).toISOString(),
    seconds: position.seconds,
    tokens: position.tokens,
    steps: position.step,
    evaluations: position.evaluations,
  };
}
