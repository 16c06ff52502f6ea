/**
 * One worker process seen from the parent: started, given one batch at a time, killed when it takes too long.
 * Knows nothing of queues and restarts (dispatcher.ts, worker-pool.ts).
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { DetectorInfo } from "@btp/detector";
import { ServeError, WorkerError } from "../errors.js";
import type { BatchResult, FromWorker, ToWorker, WorkerSetup } from "./protocol.js";

/** The compiled entry, also when this file itself runs from src (tests). */
const ENTRY = fileURLToPath(new URL("../../dist/inference/worker.js", import.meta.url));

export interface WorkerLimits {
  /** Milliseconds from fork to the first answer of the model. */
  readonly startMs: number;
  /** Milliseconds a batch may run before the worker counts as hung. */
  readonly batchMs: number;
}

interface Running {
  readonly id: number;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: WorkerError) => void;
  readonly timer: NodeJS.Timeout;
}

export class WorkerProcess {
  readonly info: DetectorInfo;
  readonly #child: ChildProcess;
  readonly #batchMs: number;
  #running: Running | undefined;
  #nextId = 1;
  #dead = false;
  #killWhenIdle = false;
  /** Resolves with a reason once the process is gone; never rejects. */
  readonly exited: Promise<string>;

  private constructor(child: ChildProcess, info: DetectorInfo, batchMs: number, exited: Promise<string>) {
    this.#child = child;
    this.info = info;
    this.#batchMs = batchMs;
    this.exited = exited.then((reason) => {
      this.#dead = true;
      this.#settle()?.reject(new WorkerError("WORKER_DIED", `the worker process ended (${reason})`));
      return reason;
    });
    child.on("message", (message: FromWorker) => this.#receive(message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  /**
   * Forks and loads; resolves when the model has answered once.
   * @param signal - aborting kills the process at once
   * @throws {ServeError} MODEL_LOAD_FAILED where the detector refuses its directory, WORKER_START_FAILED otherwise
   */
  static async start(setup: WorkerSetup, limits: WorkerLimits, signal?: AbortSignal): Promise<WorkerProcess> {
    // stdout is the parent's for results; what a native library prints goes to stderr.
    // A small nursery: a worker makes only short-lived garbage, and by default V8 lets it grow before it looks. What a batch
    // holds while the model runs outlives the nursery all the same: the heap may grow by a fifth before that is collected,
    // not double as by default.
    const execArgv = ["--max-semi-space-size=4", "--heap-growing-percent=20"];
    // glibc gives blocks of this size back to the system when they are freed; left alone it keeps ever larger ones, and
    // with them a quarter of the memory of a large model that was turned into int8.
    const env = { MALLOC_MMAP_THRESHOLD_: "1048576", ...process.env };
    const child = fork(ENTRY, [], { stdio: ["ignore", 2, 2, "ipc"], execArgv, env });
    const exited = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, name) => resolve(name === null ? `exit code ${code}` : `signal ${name}`));
    });
    const kill = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", kill, { once: true });
    if (signal?.aborted === true) kill();
    const timer = setTimeout(kill, limits.startMs);
    const answer = new Promise<FromWorker>((resolve) => child.once("message", resolve));
    const load: ToWorker = { type: "load", ...setup };
    child.send(load, () => {});
    try {
      const first = await Promise.race([answer, exited]);
      if (typeof first === "string") {
        throw new ServeError(
          "WORKER_START_FAILED",
          `a worker process ended before its model answered (${first})`,
        );
      }
      if (first.type === "load-failed") {
        kill();
        throw new ServeError(
          "MODEL_LOAD_FAILED",
          `the detector in ${setup.directory} did not load: ${first.message} (${first.code})`,
        );
      }
      if (first.type !== "ready")
        throw new ServeError("WORKER_START_FAILED", `a worker began with "${first.type}"`);
      return new WorkerProcess(child, first.info, limits.batchMs, exited);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", kill);
    }
  }

  /**
   * Runs one batch. The worker must be idle.
   * @throws {WorkerError} WORKER_DIED, WORKER_TIMEOUT (it is killed) or DETECT_FAILED (it lives on)
   */
  run(texts: readonly string[]): Promise<BatchResult> {
    if (this.#dead) return Promise.reject(new WorkerError("WORKER_DIED", "the worker process has ended"));
    if (this.#running !== undefined) throw new RangeError("a worker runs one batch at a time");
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle()?.reject(new WorkerError("WORKER_TIMEOUT", `no answer within ${this.#batchMs} ms`));
        this.kill();
      }, this.#batchMs);
      this.#running = { id, resolve, reject, timer };
      const message: ToWorker = { type: "detect", id, texts };
      // A failed send means the channel is closed: `exit` follows and rejects.
      this.#child.send(message, () => {});
    });
  }

  kill(): void {
    this.#dead = true;
    this.#child.kill("SIGKILL");
  }

  /** Ends the process after the batch that it runs, at once where it runs none. */
  killWhenIdle(): void {
    this.#killWhenIdle = true;
    if (!this.busy) this.kill();
  }

  #receive(message: FromWorker): void {
    if ((message.type !== "result" && message.type !== "failed") || message.id !== this.#running?.id) return;
    const running = this.#settle();
    if (message.type === "failed") {
      running?.reject(new WorkerError("DETECT_FAILED", `the detector failed (${message.code})`));
      return;
    }
    running?.resolve({ detections: message.detections, timings: message.timings, info: this.info });
  }

  #settle(): Running | undefined {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) clearTimeout(running.timer);
    if (this.#killWhenIdle) this.kill();
    return running;
  }
}
