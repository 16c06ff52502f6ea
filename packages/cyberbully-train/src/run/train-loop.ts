/**
 * The order of a training run: batches, updates, evaluations, checkpoints, and when to stop. It computes nothing itself
 * (step/ does), reads no data files and writes no detector (train-detector.ts does).
 */
import { type GptConfig, seedFor } from "@btp/core-gpt";
import type { Engine, HostTensor, RandomSource } from "@btp/tfjs-jit";
import type { TrainConfig } from "../config/knobs.js";
import { TrainError } from "../errors.js";
import { layOutTargets, type TargetOptions } from "../messages/batch.js";
import { planEpoch } from "../messages/batching.js";
import { messageLengths } from "../messages/encoded-messages.js";
import { adamWScalars } from "../optim/adamw.js";
import { learningRateAt, type Schedule } from "../optim/schedule.js";
import { scalarTensor } from "../step/step-program.js";
import type { FlatParams, TrainedPart } from "../step/trained-part.js";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.js";
import { figuresOf } from "./figures.js";
import type { MessageSource } from "./message-source.js";
import { type MicroBatches, planMicroBatches } from "./micro-batches.js";
import type { OnProgress } from "./progress.js";
import type { RunLog } from "./run-log.js";
import type { EvaluationRecord, RunIdentity, RunPosition } from "./run-position.js";
import { Scorer } from "./scorer.js";
import { classWeightsOf, countCorrect, describeEvaluation, startPosition, totalWeight } from "./tally.js";
import { averageMemoryAt, compileTraining, restoreState, type TrainingProgram } from "./training-program.js";

export interface TrainLoopInput {
  readonly config: TrainConfig;
  readonly model: GptConfig;
  readonly part: TrainedPart;
  readonly engine: Engine;
  /** Where training starts: every trained parameter. */
  readonly initial: FlatParams<HostTensor>;
  /** Parameters of the part that stay as they are: the matrices beside adapters. */
  readonly fixed: FlatParams<HostTensor>;
  /** Behind all dropout, the trunk's too. */
  readonly random: RandomSource;
  readonly train: MessageSource;
  readonly validation: MessageSource;
  readonly identity: RunIdentity;
  readonly resumeFrom: Checkpoint | undefined;
  readonly checkpointFolder: string;
  readonly log: RunLog;
  readonly onProgress: OnProgress;
  /** Aborted: saves a checkpoint after the update in progress and throws INTERRUPTED. */
  readonly signal: AbortSignal | undefined;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

export interface TrainLoopResult {
  /** Trained parameters of the best evaluation. */
  readonly parameters: FlatParams<HostTensor>;
  readonly bestStep: number;
  readonly evaluations: readonly EvaluationRecord[];
  /** Logits of the whole validation set with the best parameters, float32 [messages, 2]. */
  readonly validationLogits: Float32Array;
  readonly steps: number;
  readonly seconds: number;
  readonly stoppedEarly: boolean;
}

/** @throws {TrainError} DIVERGED, INTERRUPTED */
export async function runTraining(input: TrainLoopInput): Promise<TrainLoopResult> {
  const { config, model, part, train } = input;
  const microBatches = planMicroBatches(config, model, part, messageLengths(train.messages));
  if (microBatches.accumulates && config.accumulate === 1) await tellOfParts(input);
  const program = await compileTraining({ ...input, accumulates: microBatches.accumulates }, input.random);
  const scorer = await Scorer.create(input.engine, input.model, input.part, input.fixed);
  try {
    return await new TrainLoop(input, microBatches, program, scorer).run();
  } finally {
    await Promise.all([program.dispose(), scorer.dispose()]);
  }
}

async function tellOfParts({ config, log, onProgress }: TrainLoopInput): Promise<void> {
  const text = `Updates from the longest messages are computed in parts, to stay within ${config.stepMemory} GB (--step-memory).`;
  onProgress({ kind: "note", text });
  await log.line(text);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

class TrainLoop {
  private readonly input: TrainLoopInput;
  private readonly microBatches: MicroBatches;
  private readonly program: TrainingProgram;
  private readonly scorer: Scorer;
  private readonly lengths: Int32Array;
  private readonly targetOptions: TargetOptions;
  private readonly batchesPerEpoch: number;
  private readonly schedule: Schedule;
  private readonly position: Writable<RunPosition>;
  private best: FlatParams<HostTensor> | undefined;
  private lastSaved: number;
  private savedStep: number | undefined;
  private resumedAt = 0;
  private clock: number;
  /** Seconds spent in updates since this process took the run up. */
  private trainedSeconds = 0;

  constructor(input: TrainLoopInput, microBatches: MicroBatches, program: TrainingProgram, scorer: Scorer) {
    this.input = input;
    this.microBatches = microBatches;
    this.program = program;
    this.scorer = scorer;
    const { config, train } = input;
    this.lengths = messageLengths(train.messages);
    this.batchesPerEpoch = Math.ceil(this.lengths.length / config.batchSize);
    const totalSteps = this.batchesPerEpoch * config.epochs;
    this.schedule = {
      peak: config.learningRate,
      floor: config.minLearningRate,
      warmUpSteps: Math.round(config.warmUp * totalSteps),
      totalSteps,
    };
    this.targetOptions = {
      labelSmoothing: config.labelSmoothing,
      classWeights: classWeightsOf(train.messages, config.classWeights),
    };
    this.position = { ...(input.resumeFrom?.position ?? startPosition(input.random)) };
    this.best = input.resumeFrom?.best;
    this.lastSaved = this.clock = input.now();
  }

  async run(): Promise<TrainLoopResult> {
    const { resumeFrom, config } = this.input;
    if (resumeFrom) {
      await this.program.writeState(restoreState(resumeFrom.state, this.microBatches.accumulates));
      this.input.random.setState(this.position.random);
      this.savedStep = this.resumedAt = this.position.step;
    }
    let stoppedEarly = this.outOfPatience();
    while (this.position.epoch < config.epochs && !stoppedEarly) {
      const { seed, batchSize } = config;
      const plan = planEpoch(this.lengths, { batchSize, seed, epoch: this.position.epoch });
      while (this.position.batch < plan.length && !stoppedEarly) {
        await this.update(plan[this.position.batch]!);
        this.position.batch++;
        if (this.evaluationDue()) stoppedEarly = await this.evaluate();
        await this.saveWhereDue();
      }
      if (this.position.batch < plan.length) break;
      this.position.epoch++;
      this.position.batch = 0;
    }
    return this.finish(stoppedEarly);
  }

  /** One update of the weights, in one or more micro-batches. */
  private async update(batch: readonly number[]): Promise<void> {
    const { config, train } = this.input;
    const { step } = this.position;
    const learningRate = learningRateAt(step, this.schedule);
    const scalars = adamWScalars(step, learningRate, config.weightDecay, config);
    const whole = layOutTargets(train.messages, batch, this.targetOptions);
    const tokens = totalWeight(whole.nextMask);
    const parts = this.microBatches.split(batch);
    let loss = 0;
    let gradientNorm = 0;
    for (const [k, part] of parts.entries()) {
      const seed = seedFor(config.seed, `input of update ${step}.${k}`);
      const targets = layOutTargets(train.messages, part, this.targetOptions);
      const result = await this.program.step(
        { ...(await train.read(part, seed)), ...targets },
        {
          stepSize: scalarTensor(scalars.stepSize),
          secondMomentScale: scalarTensor(scalars.secondMomentScale),
          shrink: scalarTensor(scalars.shrink),
          inverseWeight: scalarTensor(1 / totalWeight(whole.weights)),
          languageModelScale: scalarTensor(config.languageModelWeight / Math.max(tokens, 1)),
          apply: scalarTensor(k === parts.length - 1 ? 1 : 0),
          averageMemory: scalarTensor(averageMemoryAt(step, config.averageWeights)),
        },
      );
      loss += result.loss.data[0]!;
      gradientNorm = result.gradientNorm.data[0]!;
      this.position.correct += countCorrect(result.logits.data, targets.targets.data);
    }
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw this.diverged(loss, gradientNorm);
    this.position.step++;
    this.position.lossSum += loss * batch.length;
    this.position.seen += batch.length;
    await this.report(loss, gradientNorm, learningRate, batch.length);
  }

  private async report(
    loss: number,
    gradientNorm: number,
    learningRate: number,
    messages: number,
  ): Promise<void> {
    const seconds = this.lap();
    const { step, seen, lossSum } = this.position;
    const done = step - this.resumedAt;
    const total = this.schedule.totalSteps;
    const epoch = step / this.batchesPerEpoch;
    this.trainedSeconds += seconds;
    this.input.onProgress({
      kind: "step",
      step,
      totalSteps: total,
      epoch,
      epochs: this.input.config.epochs,
      loss: lossSum / seen,
      learningRate,
      messagesPerSecond: (done * this.input.config.batchSize) / Math.max(this.trainedSeconds, 1e-9),
      secondsLeft: (this.trainedSeconds / done) * (total - step),
    });
    const messagesPerSecond = Math.round(messages / Math.max(seconds, 1e-9));
    await this.input.log.record({
      event: "step",
      step,
      epoch,
      loss,
      gradientNorm,
      learningRate,
      messagesPerSecond,
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

  private evaluationDue(): boolean {
    const { evaluationsPerEpoch } = this.input.config;
    const share = (batch: number): number => Math.floor((batch * evaluationsPerEpoch) / this.batchesPerEpoch);
    return share(this.position.batch) > share(this.position.batch - 1);
  }

  /** @returns true where patience has run out */
  private async evaluate(): Promise<boolean> {
    const { validation, config, log, onProgress } = this.input;
    const { position } = this;
    const state = await this.program.readState();
    const weights = config.averageWeights > 0 ? state.average : state.parameters;
    const logits = await this.scorer.score(weights, validation);
    const figures = figuresOf(logits, validation.messages.targets);
    if (!Number.isFinite(figures.loss)) throw this.diverged(figures.loss, Number.NaN);
    this.lap();
    const record: EvaluationRecord = {
      step: position.step,
      epoch: position.step / this.batchesPerEpoch,
      trainLoss: position.lossSum / position.seen,
      trainAccuracy: position.correct / position.seen,
      ...figures,
      learningRate: learningRateAt(position.step - 1, this.schedule),
    };
    const gain = this.gainOver(record);
    // Equal accuracy: the lower loss, whose probabilities are the better ones. Patience asks for more than that.
    const isBest = gain > 0 || (gain === 0 && record.loss < this.bestSoFar()!.loss);
    position.evaluations = [...position.evaluations, record];
    position.evaluationsWithoutGain = gain > 0 ? 0 : position.evaluationsWithoutGain + 1;
    Object.assign(position, { lossSum: 0, correct: 0, seen: 0 });
    if (isBest) {
      position.bestStep = position.step;
      this.best = weights;
    }
    onProgress({ kind: "evaluation", record, best: isBest });
    await log.record({ event: "evaluation", ...record, best: isBest });
    await log.line(describeEvaluation(record, isBest));
    await this.save(state);
    return this.outOfPatience();
  }

  private bestSoFar(): EvaluationRecord | undefined {
    return this.position.evaluations.find(({ step }) => step === this.position.bestStep);
  }

  /** By how much an evaluation is better than the best so far, in what selects; infinite for the first. */
  private gainOver(record: EvaluationRecord): number {
    const { selectBy } = this.input.config;
    const best = this.bestSoFar();
    if (best === undefined) return Number.POSITIVE_INFINITY;
    return selectBy === "loss" ? best.loss - record.loss : record[selectBy] - best[selectBy];
  }

  private outOfPatience(): boolean {
    const { patience } = this.input.config;
    return patience > 0 && this.position.evaluationsWithoutGain >= patience;
  }

  private async saveWhereDue(): Promise<void> {
    const { signal, now, config } = this.input;
    const due = now() - this.lastSaved >= config.checkpointSeconds * 1000;
    if (!due && signal?.aborted !== true) return;
    if (this.savedStep !== this.position.step) await this.save(await this.program.readState());
    if (signal?.aborted !== true) return;
    await this.input.log.line(`Stopped after update ${this.position.step}; --resume goes on from there.`);
    throw new TrainError(
      "INTERRUPTED",
      `Stopped after update ${this.position.step}, saved in ${this.input.checkpointFolder}. --resume goes on from there.`,
    );
  }

  private async save(state: Checkpoint["state"]): Promise<void> {
    const { identity, checkpointFolder, log, onProgress, now } = this.input;
    this.position.random = this.input.random.getState();
    this.position.logBytes = log.bytes();
    const position = { ...this.position };
    await writeCheckpoint(checkpointFolder, { identity, position, state, best: this.best });
    this.savedStep = position.step;
    this.lastSaved = now();
    this.lap();
    onProgress({ kind: "checkpoint", step: position.step });
  }

  private diverged(loss: number, gradientNorm: number): TrainError {
    const kept =
      this.savedStep === undefined
        ? "No checkpoint had been written yet."
        : `The last good checkpoint, of update ${this.savedStep}, is kept in ${this.input.checkpointFolder}.`;
    return new TrainError(
      "DIVERGED",
      `Expected a finite loss, got ${loss} (gradient norm ${gradientNorm}) at update ${this.position.step + 1}. ${kept} ` +
        "A lower --learning-rate, a longer --warm-up or a smaller --clip helps.",
    );
  }

  private async finish(stoppedEarly: boolean): Promise<TrainLoopResult> {
    const { position } = this;
    const parameters = this.best!;
    const validationLogits = await this.scorer.score(parameters, this.input.validation);
    return {
      parameters,
      bestStep: position.bestStep,
      evaluations: position.evaluations,
      validationLogits,
      steps: position.step,
      seconds: position.seconds,
      stoppedEarly,
    };
  }
}
