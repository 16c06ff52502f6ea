/**
 * Brings waiting messages and idle workers together: deadlines, retries, back-pressure, and nothing of HTTP.
 * A job is the messages of one request; it is answered as a whole or fails with one ApiError.
 */
import { ApiError, type WorkerErrorCode } from "../errors.js";
import { BatchQueue, type QueueLimits } from "./batch-queue.js";
import { estimateTokens, type Item, type Job, type JobState, type Scored, withResolvers } from "./job.js";
import type { BatchResult } from "./protocol.js";

/** The part of a worker that the dispatcher uses. */
export interface Runner {
  run(texts: readonly string[]): Promise<BatchResult>;
}

/** The part of the pool that the dispatcher uses. */
export interface RunnerPool<R extends Runner> {
  idle(): R[];
  answered(runner: R): void;
  readonly info: { readonly maxLength: number };
  readonly state: { readonly ready: number };
}

/** What the metrics want to know. */
export interface DispatchEvents {
  onQueued(waitedMs: number): void;
  onBatch(batch: { readonly size: number; readonly tokens: number; readonly result: BatchResult }): void;
  onRetry(code: WorkerErrorCode | "UNKNOWN"): void;
}

export interface DispatchOptions {
  readonly limits: QueueLimits;
  /** Milliseconds from submit to answer. */
  readonly deadlineMs: number;
  /** How long an idle worker waits for company for a lone message; 0: never. Batches form while workers are busy. */
  readonly maxWaitMs: number;
  /** How often a message that failed alone is tried again; before that, one that failed among others is run alone. */
  readonly retries: number;
  readonly events: DispatchEvents;
  readonly now?: () => number;
}

export class Dispatcher<R extends Runner> {
  readonly #pool: RunnerPool<R>;
  readonly #options: DispatchOptions;
  readonly #queue: BatchQueue<Item>;
  readonly #now: () => number;
  readonly #jobs = new Set<JobState>();
  #pumping = false;
  #waitTimer: NodeJS.Timeout | undefined;
  /** Smoothed milliseconds a message takes from the workers, for Retry-After. */
  #messageMs = 5;
  #onDrained: (() => void) | undefined;

  constructor(pool: RunnerPool<R>, options: DispatchOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#queue = new BatchQueue(options.limits);
    this.#now = options.now ?? (() => performance.now());
  }

  get depth(): number {
    return this.#queue.size;
  }

  /** Requests that are not answered yet. */
  get jobs(): number {
    return this.#jobs.size;
  }

  /**
   * Queues the messages of one request.
   * @param until - of an earlier job, where one request needs several in turn; default: now + deadlineMs
   * @throws {ApiError} QUEUE_FULL, synchronously, where they do not fit
   */
  submit(texts: readonly string[], until = this.#now() + this.#options.deadlineMs): Job {
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    if (!this.#queue.fits(texts.length, characters)) {
      const retryAfter = Math.min(60, Math.max(1, Math.ceil((this.#queue.size * this.#messageMs) / 1000)));
      throw new ApiError("QUEUE_FULL", `${this.#queue.size} messages wait already`, { retryAfter });
    }
    const { promise, resolve, reject } = withResolvers<Scored[]>();
    const state: JobState = {
      items: [],
      scored: new Array<Scored | undefined>(texts.length).fill(undefined),
      left: texts.length,
      done: false,
      timer: undefined,
      resolve,
      reject,
    };
    const { maxLength } = this.#pool.info;
    const queuedAt = this.#now();
    texts.forEach((text, index) => {
      const item = {
        text,
        tokens: estimateTokens(text, maxLength),
        failures: 0,
        isSuspect: false,
        job: state,
        index,
        queuedAt,
      };
      state.items.push(item);
      this.#queue.push(item);
    });
    this.#jobs.add(state);
    state.timer = setTimeout(() => this.#fail(state, this.#lateError()), Math.max(0, until - queuedAt));
    if (texts.length === 0) this.#succeed(state);
    this.pump();
    return { result: promise, until, cancel: () => this.#forget(state) };
  }

  /** Looks for work and workers once this turn of the event loop is over, so that requests read together run together. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#dispatch();
    });
  }

  /** Resolves when every job is answered. */
  drained(): Promise<void> {
    if (this.#jobs.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** Fails everything that is not answered yet, at the end of the grace period. */
  abort(error: ApiError): void {
    for (const job of [...this.#jobs]) this.#fail(job, error);
  }

  #dispatch(): void {
    const idle = this.#pool.idle();
    while (idle.length > 0 && this.#queue.size > 0 && !this.#waitsForCompany()) {
      const batch = this.#queue.take(idle.length);
      const worker = idle.pop();
      if (worker === undefined || batch.length === 0) return;
      void this.#run(worker, batch);
    }
  }

  #waitsForCompany(): boolean {
    const { maxWaitMs, limits } = this.#options;
    if (maxWaitMs === 0 || this.#queue.size >= limits.maxBatchSize) return false;
    const left = (this.#queue.oldest?.queuedAt ?? 0) + maxWaitMs - this.#now();
    if (left <= 0) return false;
    clearTimeout(this.#waitTimer);
    this.#waitTimer = setTimeout(() => this.pump(), left);
    return true;
  }

  async #run(worker: R, batch: readonly Item[]): Promise<void> {
    const start = this.#now();
    for (const item of batch) this.#options.events.onQueued(start - item.queuedAt);
    try {
      const result = await worker.run(batch.map((item) => item.text));
      if (result.detections.length !== batch.length) {
        throw new RangeError(`expected ${batch.length} detections, got ${result.detections.length}`);
      }
      this.#pool.answered(worker);
      // First the worker's next batch: writing these answers takes milliseconds, in which it would have nothing to do.
      this.#dispatch();
      this.#deliver(batch, result, start);
    } catch (error) {
      this.#retry(batch, error);
    }
    this.pump();
  }

  #deliver(batch: readonly Item[], result: BatchResult, start: number): void {
    const tookMs = this.#now() - start;
    this.#messageMs += 0.1 * (tookMs / batch.length - this.#messageMs);
    const tokens = result.detections.reduce((sum, detection) => sum + detection.tokens, 0);
    this.#options.events.onBatch({ size: batch.length, tokens, result });
    const model = `${result.info.name}@${result.info.sha256.slice(0, 12)}`;
    batch.forEach((item, i) => {
      const detection = result.detections[i];
      if (detection === undefined || item.job.done) return;
      const { job } = item;
      job.scored[item.index] = {
        detection,
        model,
        queueMs: start - item.queuedAt,
        inferenceMs: result.timings.totalMs - (result.timings.tokenizationMs ?? 0),
        tokenizationMs: result.timings.tokenizationMs ?? 0,
      };
      job.left -= 1;
      if (job.left === 0) this.#succeed(job);
    });
  }

  /** Puts the messages of a failed batch back, each to run alone; those out of tries fail their request. */
  #retry(batch: readonly Item[], error: unknown): void {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    this.#options.events.onRetry(isWorkerErrorCode(code) ? code : "UNKNOWN");
    for (const item of batch) {
      if (item.job.done) continue;
      // Among others it may be innocent; alone it is not.
      if (item.isSuspect) item.failures += 1;
      item.isSuspect = true;
      if (item.failures > this.#options.retries) {
        const detail = `the model failed ${item.failures} times on message ${item.index}`;
        this.#fail(item.job, new ApiError("INFERENCE_FAILED", detail, { retryAfter: 1, cause: error }));
      } else {
        item.queuedAt = this.#now();
        this.#queue.push(item);
      }
    }
  }

  #lateError(): ApiError {
    return this.#pool.state.ready === 0
      ? new ApiError("MODEL_UNAVAILABLE", "no worker is running; they are being restarted", { retryAfter: 2 })
      : new ApiError("DEADLINE_EXCEEDED", `no answer within ${this.#options.deadlineMs} ms`, {
          retryAfter: 1,
        });
  }

  #succeed(job: JobState): void {
    const scored = job.scored.filter((entry) => entry !== undefined);
    this.#forget(job);
    job.resolve(scored);
  }

  #fail(job: JobState, error: ApiError): void {
    if (job.done) return;
    this.#forget(job);
    job.reject(error);
  }

  #forget(job: JobState): void {
    if (job.done) return;
    job.done = true;
    clearTimeout(job.timer);
    if (job.left > 0) for (const item of job.items) this.#queue.remove(item);
    this.#jobs.delete(job);
    if (this.#jobs.size === 0) this.#onDrained?.();
  }
}

function isWorkerErrorCode(code: unknown): code is WorkerErrorCode {
  return code === "WORKER_DIED" || code === "WORKER_TIMEOUT" || code === "DETECT_FAILED";
}
