/**
 * Keeps a number of worker processes alive: starts them, restarts the dead with back-off, swaps all of them for
 * workers of another model without a gap. Gives out idle workers; what they run is the dispatcher's business.
 */
import { realpath } from "node:fs/promises";
import type { DetectorInfo } from "@btp/detector";
import { ApiError, ServeError } from "../errors.js";
import { restartDelayMs } from "./backoff.js";
import type { WorkerSetup } from "./protocol.js";
import { type WorkerLimits, WorkerProcess } from "./worker-process.js";

export interface PoolEvents {
  /** A worker may be free: called after a start, a swap and a finished batch. */
  onIdle(): void;
  onDeath(event: {
    readonly pid: number | undefined;
    readonly reason: string;
    readonly restartMs: number;
  }): void;
  onStartFailed(event: { readonly error: Error; readonly restartMs: number }): void;
}

export interface PoolOptions {
  readonly setup: WorkerSetup;
  readonly workers: number;
  readonly limits: WorkerLimits;
  readonly events: PoolEvents;
}

export interface PoolState {
  readonly total: number;
  readonly ready: number;
  readonly busy: number;
  readonly restarts: number;
}

interface Slot {
  worker: WorkerProcess | undefined;
  /** Deaths since the last answer. */
  deaths: number;
  timer: NodeJS.Timeout | undefined;
}

/** All workers of one loaded model. */
interface Generation {
  readonly setup: WorkerSetup;
  readonly info: DetectorInfo;
  readonly slots: readonly Slot[];
  readonly stop: AbortController;
}

export class WorkerPool {
  readonly #options: PoolOptions;
  #generation: Generation | undefined;
  #reloading = false;
  #restarts = 0;

  private constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Starts every worker and resolves when all have answered once.
   * @throws {ServeError} MODEL_LOAD_FAILED or WORKER_START_FAILED; nothing is left running then
   */
  static async start(options: PoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    pool.#generation = await pool.#startGeneration(options.setup);
    return pool;
  }

  /** The model that new batches run on. */
  get info(): DetectorInfo {
    return this.#current.info;
  }

  /** The directory that is served, with links resolved: a restarted worker must not pick up another model. */
  get directory(): string {
    return this.#current.setup.directory;
  }

  get state(): PoolState {
    const workers = this.#current.slots.map((slot) => slot.worker).filter((worker) => worker?.alive === true);
    const busy = workers.filter((worker) => worker?.busy === true).length;
    return { total: this.#current.slots.length, ready: workers.length, busy, restarts: this.#restarts };
  }

  /** Process ids of the living workers. */
  get pids(): number[] {
    return this.#current.slots.flatMap(({ worker }) =>
      worker?.pid === undefined || !worker.alive ? [] : [worker.pid],
    );
  }

  /** Idle workers; whoever takes one must call `run` on it before anybody else asks. */
  idle(): WorkerProcess[] {
    const idle: WorkerProcess[] = [];
    for (const { worker } of this.#current.slots) {
      if (worker?.alive === true && !worker.busy) idle.push(worker);
    }
    return idle;
  }

  /** A worker answered: its next death counts as the first. */
  answered(worker: WorkerProcess): void {
    const slot = this.#current.slots.find((candidate) => candidate.worker === worker);
    if (slot !== undefined) slot.deaths = 0;
  }

  /**
   * Loads a model beside the running one, then swaps: batches in flight finish on the old, all others go to the new.
   * @param directory - where the new model lies; undefined reads the first directory again (a link may point elsewhere)
   * @throws {ApiError} RELOAD_IN_PROGRESS or RELOAD_FAILED; the old model serves on
   */
  async reload(directory = this.#options.setup.directory): Promise<DetectorInfo> {
    if (this.#reloading) throw new ApiError("RELOAD_IN_PROGRESS", "another reload has not finished");
    this.#reloading = true;
    try {
      const next = await this.#startGeneration({ ...this.#options.setup, directory });
      const old = this.#current;
      this.#generation = next;
      this.#options.events.onIdle();
      retire(old);
      return next.info;
    } catch (error) {
      const code = error instanceof ServeError ? error.code : "unknown";
      throw new ApiError("RELOAD_FAILED", `the new model was refused (${code}); the old one serves on`, {
        cause: error,
      });
    } finally {
      this.#reloading = false;
    }
  }

  /** Ends all workers; those that are busy are killed, so drain the dispatcher first. */
  async close(): Promise<void> {
    const { slots, stop } = this.#current;
    stop.abort();
    for (const slot of slots) clearTimeout(slot.timer);
    const workers = slots.map((slot) => slot.worker).filter((worker) => worker !== undefined);
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map((worker) => worker.exited));
  }

  get #current(): Generation {
    if (this.#generation === undefined) throw new RangeError("the pool has not started");
    return this.#generation;
  }

  async #startGeneration(setup: WorkerSetup): Promise<Generation> {
    let directory: string;
    try {
      directory = await realpath(setup.directory);
    } catch (cause) {
      throw new ServeError(
        "MODEL_LOAD_FAILED",
        `expected a detector directory at ${setup.directory}: none there; name one with --model or BTP_SERVE_MODEL (npm run quickstart makes models/quickstart)`,
        cause,
      );
    }
    const resolved = { ...setup, directory };
    const stop = new AbortController();
    const starts = Array.from({ length: this.#options.workers }, () =>
      WorkerProcess.start(resolved, this.#options.limits, stop.signal),
    );
    try {
      const workers = await Promise.all(starts);
      const [first] = workers;
      if (first === undefined) throw new ServeError("INVALID_CONFIG", "expected at least one worker");
      const slots = workers.map((worker): Slot => ({ worker, deaths: 0, timer: undefined }));
      const generation = { setup: resolved, info: first.info, slots, stop };
      for (const slot of slots) this.#supervise(generation, slot);
      return generation;
    } catch (error) {
      stop.abort();
      for (const start of await Promise.allSettled(starts)) {
        if (start.status === "fulfilled") start.value.kill();
      }
      throw error;
    }
  }

  #supervise(generation: Generation, slot: Slot): void {
    const { worker } = slot;
    if (worker === undefined) return;
    void worker.exited.then((reason) => {
      slot.worker = undefined;
      if (generation.stop.signal.aborted) return;
      slot.deaths += 1;
      this.#restarts += 1;
      const restartMs = restartDelayMs(slot.deaths);
      this.#options.events.onDeath({ pid: worker.pid, reason, restartMs });
      this.#restartLater(generation, slot, restartMs);
    });
  }

  #restartLater(generation: Generation, slot: Slot, delayMs: number): void {
    slot.timer = setTimeout(() => void this.#restart(generation, slot), delayMs);
  }

  async #restart(generation: Generation, slot: Slot): Promise<void> {
    try {
      slot.worker = await WorkerProcess.start(generation.setup, this.#options.limits, generation.stop.signal);
      if (generation.stop.signal.aborted) slot.worker.kill();
      this.#supervise(generation, slot);
      this.#options.events.onIdle();
    } catch (error) {
      if (generation.stop.signal.aborted) return;
      slot.deaths += 1;
      const restartMs = restartDelayMs(slot.deaths);
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#options.events.onStartFailed({ error: failure, restartMs });
      this.#restartLater(generation, slot, restartMs);
    }
  }
}

/** Lets the workers of a replaced model finish what they run, then ends them. */
function retire(generation: Generation): void {
  generation.stop.abort();
  for (const slot of generation.slots) {
    clearTimeout(slot.timer);
    slot.worker?.killWhenIdle();
  }
}
