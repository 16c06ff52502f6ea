/**
 * The order of a distillation: phases, epochs, updates, evaluations, checkpoints. It computes nothing itself
 * (distill-step.ts does), reads no files of the recipe and writes no detector (distill-detector.ts does).
 */
import { type GptConfig, type HostTensor, initialiseParameter, seedFor } from "@btp/core-gpt";
import type { Engine, RandomSource } from "@btp/tfjs-jit";
import { counted } from "../counted.js";
import { TrainError } from "../errors.js";
import { adamWScalars } from "../optim/adamw.js";
import { learningRateAt, type Schedule } from "../optim/schedule.js";
import type { Vocabulary } from "../prepare/vocabulary.js";
import { type Checkpoint, writeCheckpoint } from "../run/checkpoint.js";
import { type Figures, figuresOf } from "../run/figures.js";
import type { MessageSource } from "../run/message-source.js";
import type { OnProgress } from "../run/progress.js";
import type { RunLog } from "../run/run-log.js";
import type { RunIdentity } from "../run/run-position.js";
import type { Scorer } from "../run/scorer.js";
import { averageMemoryAt } from "../run/training-program.js";
import { scalarTensor } from "../step/step-program.js";
import type { FlatParams } from "../step/trained-part.js";
import { type BatchMaker, type DistillBatch, makeBatch } from "./distill-batch.js";
import {
  type DistillPosition,
  describePhaseEvaluation,
  firstPosition,
  noLosses,
  type PhaseEvaluation,
} from "./distill-position.js";
import {
  compilePhase,
  type DistillProgram,
  type LossName,
  lossNames,
  selectPhasePart,
} from "./distill-step.js";
import { type EncodedSource, mixTexts, planMixedEpoch } from "./mixture.js";
import { decides, type Phase, type Recipe } from "./recipe.js";

export interface DistillLoopInput {
  readonly recipe: Recipe;
  readonly model: GptConfig;
  readonly vocabulary: Vocabulary;
  readonly engine: Engine;
  readonly scorer: Scorer;
  /** K; 1 where no phase has vectors. */
  readonly vectorWidth: number;
  /** Every parameter as training starts. */
  readonly initial: FlatParams<HostTensor>;
  readonly sources: ReadonlyMap<string, EncodedSource>;
  /** Validation sets by name. */
  readonly validation: ReadonlyMap<string, MessageSource>;
  readonly random: RandomSource;
  readonly identity: RunIdentity;
  /** Kept in checkpoints. */
  readonly request: Readonly<Record<string, string>> | undefined;
  readonly resumeFrom: Checkpoint<DistillPosition> | undefined;
  readonly checkpointFolder: string;
  readonly checkpointSeconds: number;
  /** At most so many updates of each phase: a trial. */
  readonly maxUpdates: number | undefined;
  readonly log: RunLog;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

export interface DistillLoopResult {
  readonly parameters: FlatParams<HostTensor>;
  readonly position: DistillPosition;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** @throws {TrainError} DIVERGED, INTERRUPTED */
export function runDistillation(input: DistillLoopInput): Promise<DistillLoopResult> {
  return new DistillLoop(input).run();
}

/** One phase being run. */
interface RunningPhase {
  readonly index: number;
  readonly phase: Phase;
  readonly maker: BatchMaker;
  readonly program: DistillProgram;
  readonly schedule: Schedule;
  /** What the phase leaves as it is. */
  readonly untouched: FlatParams<HostTensor>;
}

class DistillLoop {
  private readonly input: DistillLoopInput;
  private readonly position: Writable<DistillPosition>;
  private params: FlatParams<HostTensor>;
  private lastSaved: number;
  private savedStep: number | undefined;
  private clock: number;
  private tokensHere = 0;
  private secondsHere = 0;

  constructor(input: DistillLoopInput) {
    this.input = input;
    this.position = { ...(input.resumeFrom?.position ?? firstPosition(input.random)) };
    this.params = input.initial;
    this.lastSaved = this.clock = input.now();
  }

  async run(): Promise<DistillLoopResult> {
    const { recipe, resumeFrom, random } = this.input;
    if (resumeFrom) this.params = { ...this.params, ...resumeFrom.best, ...resumeFrom.state.parameters };
    for (let index = this.position.phase; index < recipe.phases.length; index++) {
      const resumed = index === resumeFrom?.position.phase ? resumeFrom : undefined;
      if (!resumed) this.enter(index);
      const running = await this.prepare(index);
      try {
        if (resumed) {
          await running.program.writeState(resumed.state);
          random.setState(resumed.position.random);
          this.savedStep = resumed.position.step;
        }
        await this.runPhase(running);
        const state = await running.program.readState();
        this.params = {
          ...running.untouched,
          ...(running.phase.averageWeights > 0 ? state.average : state.parameters),
        };
      } finally {
        await running.program.dispose();
      }
    }
    return { parameters: this.params, position: this.position };
  }

  /** Moves to the beginning of a phase. */
  private enter(index: number): void {
    const { recipe, initial } = this.input;
    const { position } = this;
    if (recipe.phases[index]!.start === "scratch") this.params = initial;
    Object.assign(position, { phase: index, epoch: 0, batch: 0, bestStep: position.step });
    Object.assign(position, { sums: noLosses, updates: 0 });
  }

  private async prepare(index: number): Promise<RunningPhase> {
    const { recipe, model, vocabulary, engine, vectorWidth, sources, random } = this.input;
    const phase = recipe.phases[index]!;
    const mixture = mixTexts(phase, sources);
    const width = phase.losses.vectors > 0 ? vectorWidth : 1;
    const part = selectPhasePart(model, phase, width);
    const trained = new Set(part.trained.map(({ path }) => path));
    const maker = { mixture, phase, vocabulary, maxTokens: model.contextLength, vectorWidth: width };
    let totalSteps = 0;
    for (let epoch = 0; epoch < phase.epochs; epoch++) totalSteps += this.plan(maker, index, epoch).length;
    totalSteps = Math.min(totalSteps, this.input.maxUpdates ?? totalSteps);
    const schedule = {
      peak: phase.learningRate,
      floor: phase.minLearningRate,
      warmUpSteps: Math.round(phase.warmUp * totalSteps),
      totalSteps,
    };
    const { params } = this;
    const program = await compilePhase({ engine, model, phase, part, vectorWidth: width, params, random });
    const untouched = Object.fromEntries(Object.entries(params).filter(([path]) => !trained.has(path)));
    const texts = mixture.lengths.length;
    const text = `Phase ${index + 1} of ${recipe.phases.length}, ${phase.name}: ${counted(texts, "text")}, ${counted(totalSteps, "update")}.`;
    this.input.onProgress({ kind: "note", text });
    await this.input.log.line(text);
    return { index, phase, maker, program, schedule, untouched };
  }

  private plan({ mixture, phase }: BatchMaker, index: number, epoch: number): number[][] {
    const { seed } = this.input.recipe;
    return planMixedEpoch(mixture, { tokensPerBatch: phase.tokensPerBatch, seed, phase: index, epoch });
  }

  private async runPhase(running: RunningPhase): Promise<void> {
    const { position } = this;
    const { phase, index, maker, schedule } = running;
    const over = (): boolean => position.step - position.bestStep >= schedule.totalSteps;
    while (position.epoch < phase.epochs && !over()) {
      const plan = this.plan(maker, index, position.epoch);
      while (position.batch < plan.length && !over()) {
        await this.update(running, plan[position.batch]!);
        position.batch++;
        const ends = position.batch === plan.length || over();
        if (ends) await this.evaluate(running, position.batch / plan.length);
        await this.saveWhereDue(running);
      }
      position.epoch++;
      position.batch = 0;
    }
  }

  private async update(
    { phase, index, maker, program, schedule }: RunningPhase,
    texts: readonly number[],
  ): Promise<void> {
    const { recipe } = this.input;
    const { position } = this;
    const step = position.step - position.bestStep;
    const learningRate = learningRateAt(step, schedule);
    const scalars = adamWScalars(step, learningRate, phase.weightDecay, phase);
    const batch = makeBatch(maker, texts, seedFor(recipe.seed, `batch of phase ${index} update ${step}`));
    const result = await program.step(batch, {
      stepSize: scalarTensor(scalars.stepSize),
      secondMomentScale: scalarTensor(scalars.secondMomentScale),
      shrink: scalarTensor(scalars.shrink),
      averageMemory: scalarTensor(averageMemoryAt(step, phase.averageWeights)),
      inverseCount: scalarTensor(1 / texts.length),
      inverseTokens: scalarTensor(1 / Math.max(1, sumOf(batch.nextMask))),
    });
    const losses = readLosses((name) => result.losses[name].data[0]!);
    const gradientNorm = result.gradientNorm.data[0]!;
    if (!Object.values(losses).every(Number.isFinite) || !Number.isFinite(gradientNorm))
      throw this.diverged(phase, gradientNorm);
    const before = position.sums;
    position.sums = readLosses((name) => before[name] + losses[name]);
    position.updates++;
    position.step++;
    await this.report(phase, schedule, batch, losses, { gradientNorm, learningRate });
  }

  private async report(
    phase: Phase,
    schedule: Schedule,
    batch: DistillBatch<HostTensor>,
    losses: Readonly<Record<LossName, number>>,
    more: { readonly gradientNorm: number; readonly learningRate: number },
  ): Promise<void> {
    const { position } = this;
    const tokens = sumOf(batch.mask);
    const seconds = this.lap();
    this.tokensHere += tokens;
    this.secondsHere += seconds;
    position.tokens += tokens;
    const done = position.step - position.bestStep;
    const left = schedule.totalSteps - done;
    const speed = this.tokensHere / Math.max(this.secondsHere, 1e-9);
    const shown = lossNames.filter((name) => phase.losses[name] > 0);
    const means = shown.map((name) => `${name} ${(position.sums[name] / position.updates).toFixed(4)}`);
    this.input.onProgress({
      kind: "update",
      done,
      total: schedule.totalSteps,
      text: `${phase.name}  ${means.join("  ")}  ${speed.toFixed(0)} tokens/s`,
      secondsLeft: (left * (position.tokens / position.step)) / Math.max(speed, 1e-9),
    });
    await this.input.log.record({
      event: "update",
      phase: phase.name,
      step: position.step,
      ...Object.fromEntries(shown.map((name) => [name, losses[name]])),
      ...more,
      tokens,
      tokensPerSecond: Math.round(tokens / Math.max(seconds, 1e-9)),
    });
  }

  /** Seconds since the last call, added to the run's. */
  private lap(): number {
    const now = this.input.now();
    const seconds = (now - this.clock) / 1000;
    this.clock = now;
    this.position.seconds += seconds;
    return seconds;
  }

  private async evaluate({ index, phase, program, untouched }: RunningPhase, part: number): Promise<void> {
    const { recipe, validation, scorer, onProgress, log } = this.input;
    const { position } = this;
    const sets: Record<string, Figures> = {};
    if (decides(phase)) {
      const state = await program.readState();
      const trained = phase.averageWeights > 0 ? state.average : state.parameters;
      const weights = scorable({ ...untouched, ...trained });
      for (const [name, source] of validation)
        sets[name] = figuresOf(await scorer.score(weights, source), source.messages.targets);
    }
    const earlier = recipe.phases.slice(0, index).reduce((sum, { epochs }) => sum + epochs, 0);
    const evaluation: PhaseEvaluation = {
      phase: phase.name,
      step: position.step,
      epoch: earlier + position.epoch + part,
      losses: readLosses((name) => position.sums[name] / Math.max(1, position.updates)),
      sets,
    };
    position.evaluations = [...position.evaluations, evaluation];
    position.sums = noLosses;
    position.updates = 0;
    const text = describePhaseEvaluation(evaluation);
    onProgress({ kind: "note", text });
    await log.record({ event: "evaluation", ...evaluation });
    await log.line(text);
    this.clock = this.input.now();
  }

  private async saveWhereDue(running: RunningPhase): Promise<void> {
    const { signal, now, checkpointSeconds, log, checkpointFolder } = this.input;
    const due = now() - this.lastSaved >= checkpointSeconds * 1000;
    if (!due && signal?.aborted !== true) return;
    if (this.savedStep !== this.position.step) await this.save(running);
    if (signal?.aborted !== true) return;
    const text = `Stopped after update ${this.position.step}, saved in ${checkpointFolder}. --resume goes on from there.`;
    await log.line(text);
    throw new TrainError("INTERRUPTED", text);
  }

  private async save({ program, untouched }: RunningPhase): Promise<void> {
    const { identity, request, checkpointFolder, log, onProgress, now, random } = this.input;
    const { position } = this;
    const state = await program.readState();
    position.random = random.getState();
    position.logBytes = log.bytes();
    const best = Object.keys(untouched).length > 0 ? untouched : undefined;
    await writeCheckpoint(checkpointFolder, { identity, request, position: { ...position }, state, best });
    this.savedStep = position.step;
    this.lastSaved = now();
    onProgress({ kind: "checkpoint", step: position.step });
    this.clock = now();
  }

  private diverged({ name }: Phase, gradientNorm: number): TrainError {
    const kept =
      this.savedStep === undefined
        ? "No checkpoint had been written yet."
        : `The last good checkpoint, of update ${this.savedStep}, is kept in ${this.input.checkpointFolder}.`;
    return new TrainError(
      "DIVERGED",
      `Expected finite losses in phase ${name} at update ${this.position.step + 1}, got others (gradient norm ${gradientNorm}). ` +
        `${kept} A lower learningRate, a longer warmUp or a smaller clip helps.`,
    );
  }
}

/** What the classifier reads: all but the map to a teacher's vectors. */
export function scorable(params: FlatParams<HostTensor>): FlatParams<HostTensor> {
  return Object.fromEntries(Object.entries(params).filter(([path]) => !path.startsWith("vectorMap.")));
}

/** Where training starts: every parameter of model and map, from the seed. */
export function initialParams(
  table: readonly Parameters<typeof initialiseParameter>[0][],
  seed: number,
): FlatParams<HostTensor> {
  return Object.fromEntries(table.map((entry) => [entry.path, initialiseParameter(entry, seed)]));
}

function readLosses(read: (name: LossName) => number): Record<LossName, number> {
  return {
    hard: read("hard"),
    soft: read("soft"),
    vectors: read("vectors"),
    languageModel: read("languageModel"),
  };
}

function sumOf({ data }: HostTensor): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum;
}
