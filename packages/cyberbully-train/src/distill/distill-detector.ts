/**
 * A whole distillation: recipe in, detector directory out. Reads what the recipe names, hands over to distill-loop.ts, and
 * writes what came of it. Prints nothing; `onProgress` tells how far it is.
 */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import {
  classifierParameterTable,
  createTokenizer,
  type Gpt2Tokenizer,
  type GptConfig,
  seedFor,
} from "@btp/core-gpt";
import { createEngine, createRandomSource, type Engine, type EngineChoice } from "@btp/tfjs-jit";
import * as z from "zod";
import { agreeing, counted } from "../counted.js";
import { TrainError } from "../errors.js";
import {
  keptVocabulary,
  restrictedVocabulary,
  type Vocabulary,
  wholeVocabulary,
} from "../prepare/vocabulary.js";
import { type Checkpoint, removeCheckpoint } from "../run/checkpoint.js";
import { checkpointFolderOf, findCheckpoint } from "../run/find-checkpoint.js";
import { tokenSource } from "../run/message-source.js";
import type { OnProgress } from "../run/progress.js";
import { openRunLog, type RunLog } from "../run/run-log.js";
import { checkSameRun, type RunIdentity } from "../run/run-position.js";
import { Scorer } from "../run/scorer.js";
import { numLabels, selectTrainedPart } from "../step/trained-part.js";
import { initialParams, runDistillation } from "./distill-loop.js";
import { type DistillPosition, distillPositionSchema } from "./distill-position.js";
import { vectorMapTable } from "./distill-step.js";
import type { EncodedSource } from "./mixture.js";
import type { Recipe } from "./recipe.js";
import { digestSources, encodeSource, type LoadedSource, loadSources, type ResolvePath } from "./sources.js";
import { readStart, type StartDetector } from "./start-detector.js";
import { readTexts } from "./texts.js";
import { type DistilledDetector, type ValidationSet, writeDistilled } from "./write-distilled.js";

export interface DistillOptions {
  /** Directory that the detector is written to. */
  readonly out: string;
  readonly resolvePath: ResolvePath;
  readonly engine?: EngineChoice;
  readonly threads?: number;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  /** Seconds between checkpoints; default 120. */
  readonly checkpointSeconds?: number;
  /** Directory of the logs; default "logs". */
  readonly logs?: string;
  /** At most so many updates of each phase. */
  readonly maxUpdates?: number;
  /** What a command line asked for, by option; checkpoints keep it. */
  readonly request?: Readonly<Record<string, string>>;
  readonly onProgress?: OnProgress;
  /** Aborted: the run saves a checkpoint and throws INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** @throws {TrainError} see errors.ts; TrainDataError, DetectorError for their files */
export async function distillDetector(recipe: Recipe, options: DistillOptions): Promise<DistilledDetector> {
  const out = resolve(options.out);
  const checkpointFolder = checkpointFolderOf(out);
  const resumeFrom = await findCheckpoint(options, out, distillPositionSchema);
  const { onProgress = () => undefined, now = Date.now } = options;
  onProgress({ kind: "note", text: "Reading texts and what teachers said about them." });
  const prepared = await prepare(recipe, options.resolvePath);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const engine = await createEngine(options.engine ?? "auto", threads);
  try {
    const identity = identityOf(recipe, prepared, engine, options.maxUpdates);
    if (resumeFrom) checkSameRun(resumeFrom.identity, identity);
    const keepBytes = resumeFrom?.position.logBytes ?? 0;
    const log = await openRunLog({ folder: options.logs ?? "logs", name: basename(out), keepBytes, now });
    try {
      const run = { recipe, out, prepared, engine, identity, resumeFrom, checkpointFolder, log };
      return await distillAndWrite(run, { ...options, onProgress, now });
    } catch (error) {
      await log.line(`Ended: ${error instanceof TrainError ? error.message : "an unexpected error"}`);
      throw error;
    } finally {
      await log.close();
    }
  } finally {
    await engine.dispose();
  }
}

interface Prepared {
  readonly model: GptConfig;
  readonly vocabulary: Vocabulary;
  readonly sources: ReadonlyMap<string, EncodedSource>;
  readonly validation: ReadonlyMap<string, ValidationSet>;
  /** K; 1 where there are no vectors. */
  readonly vectorWidth: number;
  readonly sourcesSha256: string;
  readonly start: StartDetector | undefined;
}

interface PreparedRun {
  readonly recipe: Recipe;
  readonly out: string;
  readonly prepared: Prepared;
  readonly engine: Engine;
  readonly identity: RunIdentity;
  readonly resumeFrom: Checkpoint<DistillPosition> | undefined;
  readonly checkpointFolder: string;
  readonly log: RunLog;
}

async function distillAndWrite(
  run: PreparedRun,
  options: DistillOptions & { readonly onProgress: OnProgress; readonly now: () => number },
): Promise<DistilledDetector> {
  const { recipe, out, prepared, engine, identity, resumeFrom, checkpointFolder, log } = run;
  const { model, vocabulary, sources, validation, vectorWidth } = prepared;
  const { onProgress, now, signal, checkpointSeconds = 120, maxUpdates, request } = options;
  const note = async (text: string): Promise<void> => {
    onProgress({ kind: "note", text });
    await log.line(text);
  };
  for (const { source, messages } of sources.values())
    await note(describeSource(source, messages.truncated, model));
  await note(
    `${counted(model.numLayers, "block")}, ${model.width} wide, ${model.vocabSize} token ids${model.bigramBuckets === undefined ? "" : `, ${model.bigramBuckets} rows for hashed pairs`}. Engine: ${engine.name}.`,
  );
  if (resumeFrom) await note(`Going on after update ${resumeFrom.position.step}.`);
  else await log.record({ event: "start", ...identity });
  const table = classifierParameterTable(model, numLabels).map((entry) => {
    if (entry.path !== "gpt.tokenEmbedding") return entry;
    const standardDeviation = recipe.model.embeddingDeviation;
    return { ...entry, initialiser: { kind: "normal", standardDeviation } as const };
  });
  const usesVectors = recipe.phases.some(({ losses }) => losses.vectors > 0);
  const map = usesVectors ? vectorMapTable(model.width, vectorWidth) : [];
  const scorer = await Scorer.create(engine, model, selectTrainedPart(model, "all"));
  try {
    const result = await runDistillation({
      recipe,
      model,
      vocabulary,
      engine,
      scorer,
      vectorWidth,
      initial: { ...initialParams([...table, ...map], recipe.seed), ...prepared.start?.params },
      sources,
      validation: new Map([...validation].map(([name, { source }]) => [name, source])),
      random: createRandomSource(seedFor(recipe.seed, "dropout") >>> 0),
      identity,
      request,
      resumeFrom,
      checkpointFolder,
      checkpointSeconds,
      maxUpdates,
      log,
      onProgress,
      signal,
      now,
    });
    const detector = await writeDistilled({
      recipe,
      out,
      model,
      vocabulary,
      sources,
      validation,
      scorer,
      result,
      identity,
      trial: maxUpdates !== undefined,
      now,
    });
    await log.record({ event: "finish", steps: result.position.step, sha256: detector.sha256 });
    await log.line(`Wrote ${out} after ${Math.round(result.position.seconds)} s of training.`);
    await removeCheckpoint(checkpointFolder);
    return detector;
  } finally {
    await scorer.dispose();
  }
}

async function prepare(recipe: Recipe, resolvePath: ResolvePath): Promise<Prepared> {
  const loaded = await loadSources(recipe, resolvePath);
  const tokenizer = await createTokenizer();
  const start = recipe.start === undefined ? undefined : await readStart(resolvePath(recipe.start), recipe);
  const vocabulary =
    start === undefined
      ? await chooseVocabulary(recipe, loaded, tokenizer, resolvePath)
      : vocabularyOf(start, tokenizer, recipe.normalise);
  const { numLayers, width, numHeads, contextLength, bigramBuckets } = recipe.model;
  const model: GptConfig = {
    vocabSize: vocabulary.size,
    contextLength,
    width,
    numLayers,
    numHeads,
    layerNormEpsilon: 1e-5,
    ...(bigramBuckets === undefined ? {} : { bigramBuckets }),
  };
  const sources = new Map(
    loaded.map((source) => [
      source.name,
      { source, messages: encodeSource(source, vocabulary, contextLength) },
    ]),
  );
  const validation = new Map<string, ValidationSet>();
  for (const [name, texts] of Object.entries(recipe.validation.sets)) {
    const read = await readTexts(resolvePath(texts.file), texts);
    const { labels } = read;
    if (labels === undefined)
      throw new TrainError(
        "BAD_DATA",
        `Expected labels in ${texts.file}, which validation reads; plain text has none.`,
      );
    const messages = encodeSource(read, vocabulary, contextLength);
    const source = tokenSource(messages, {
      tokenDropout: 0,
      replacement: vocabulary.maskId,
      positionShift: 0,
      contextLength,
    });
    validation.set(name, {
      name,
      file: texts.file,
      sha256: read.sha256,
      labels,
      texts: read.texts,
      groups: read.groups,
      source,
    });
  }
  return {
    model,
    vocabulary,
    sources,
    validation,
    vectorWidth: commonWidth(loaded),
    sourcesSha256: digestSources(loaded),
    start,
  };
}

function vocabularyOf(
  { keptTokenIds }: StartDetector,
  tokenizer: Gpt2Tokenizer,
  normalise: boolean,
): Vocabulary {
  if (keptTokenIds === undefined) return wholeVocabulary(tokenizer, normalise);
  return keptVocabulary(tokenizer, keptTokenIds, normalise);
}

async function chooseVocabulary(
  { vocabulary: { minCount, countedIn, keptIds }, normalise }: Recipe,
  sources: readonly LoadedSource[],
  tokenizer: Gpt2Tokenizer,
  resolvePath: ResolvePath,
): Promise<Vocabulary> {
  if (keptIds !== undefined) {
    const path = resolvePath(keptIds);
    return keptVocabulary(tokenizer, await readKeptIds(path), normalise);
  }
  if (minCount === undefined) return wholeVocabulary(tokenizer, normalise);
  const counted = sources.filter(({ name }) => countedIn === undefined || countedIn.includes(name));
  return restrictedVocabulary(tokenizer, textsOf(counted), minCount, normalise);
}

function* textsOf(sources: readonly LoadedSource[]): Generator<{ readonly text: string }> {
  for (const { texts } of sources) for (const text of texts) yield { text };
}

async function readKeptIds(path: string): Promise<Int32Array> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new TrainError("BAD_CONFIG", `Expected a readable list of token ids at ${path}.`, { cause });
  });
  const parsed = z.array(z.number().int().min(0)).max(1_000_000).safeParse(parseJson(text));
  if (!parsed.success)
    throw new TrainError("BAD_CONFIG", `Expected a JSON list of GPT-2 token ids in ${path}.`);
  return Int32Array.from(parsed.data);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function commonWidth(sources: readonly LoadedSource[]): number {
  const widths = new Set(sources.flatMap(({ vectors }) => (vectors === undefined ? [] : [vectors.width])));
  if (widths.size > 1)
    throw new TrainError(
      "BAD_TEACHER_FILE",
      `Expected vectors of one width, got ${[...widths].join(", ")}. One teacher has to make them all.`,
    );
  return [...widths][0] ?? 1;
}

/** Paths, names and the card change no bit; all else of the recipe is compared when a run is resumed. */
function identityOf(
  recipe: Recipe,
  { sourcesSha256, validation, start }: Prepared,
  engine: Engine,
  maxUpdates: number | undefined,
): RunIdentity {
  const {
    name: _name,
    description: _text,
    card: _card,
    sources: _sources,
    start: _start,
    validation: checks,
    ...values
  } = recipe;
  const config: Record<string, string> = {};
  const flatten = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null) config[path] = String(value);
    else
      for (const [key, inner] of Object.entries(value)) flatten(inner, path === "" ? key : `${path}.${key}`);
  };
  flatten({ ...values, maxUpdates: maxUpdates ?? "none", calibrateOn: checks.calibrateOn }, "");
  return {
    config,
    trainData: sourcesSha256,
    validationData: [...validation.values()].map(({ name, sha256 }) => `${name} ${sha256}`).join(", "),
    startWeights: start?.sha256 ?? "from the seed",
    engine: engine.name,
  };
}

function describeSource(source: LoadedSource, truncated: number, { contextLength }: GptConfig): string {
  const { name, texts, labels, scores, vectors, badRows, droppedRows } = source;
  const positive = labels?.reduce((sum, label) => sum + label, 0);
  const parts = [
    counted(texts.length, "text"),
    positive === undefined ? "no labels" : `${((100 * positive) / texts.length).toFixed(1)} % cyberbullying`,
    ...(scores === undefined ? [] : ["scores"]),
    ...(vectors === undefined ? [] : [`vectors of ${vectors.width}`]),
    ...(badRows === 0 ? [] : [`${counted(badRows, "bad row")} left out`]),
    ...(droppedRows === 0
      ? []
      : [`${counted(droppedRows, "row")} left out by ${agreeing(droppedRows, "its label", "their labels")}`]),
    ...(truncated === 0
      ? []
      : [`${truncated} longer than ${contextLength} tokens, of which the beginning is read`]),
  ];
  return `${name}: ${parts.join(", ")}.`;
}
