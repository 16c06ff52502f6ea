/**
 * Knows whether the model answers: every batch is proof, and in quiet times idle workers are asked on a timer.
 * A server whose model died must say so itself; a constant "ok" would keep attracting traffic.
 */
import type { BatchResult } from "./protocol.js";

interface Probed {
  run(texts: readonly string[]): Promise<BatchResult>;
}

export interface ReadinessOptions<R extends Probed> {
  readonly intervalMs: number;
  readonly idle: () => readonly R[];
  readonly answered: (runner: R) => void;
  /** A probed worker is free again. */
  readonly onFree: () => void;
  readonly now?: () => number;
}

/** Unready after so many intervals without an answer. */
const MISSES = 3;

export class Readiness<R extends Probed> {
  readonly #options: ReadinessOptions<R>;
  readonly #now: () => number;
  #lastAnswer: number;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;

  constructor(options: ReadinessOptions<R>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    // It is made when the workers have answered their warm-up.
    this.#lastAnswer = this.#now();
  }

  start(): void {
    this.#timer = setInterval(() => void this.probe(), this.#options.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** From now on unready, whatever the model does. */
  drain(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  noteAnswer(): void {
    this.#lastAnswer = this.#now();
  }

  get lastAnswerMsAgo(): number {
    return Math.max(0, this.#now() - this.#lastAnswer);
  }

  get ready(): boolean {
    return !this.#draining && this.lastAnswerMsAgo <= MISSES * this.#options.intervalMs;
  }

  /** A real forward pass on every idle worker. */
  async probe(): Promise<void> {
    await Promise.all(
      this.#options.idle().map(async (runner) => {
        try {
          await runner.run(["Is the model there?"]);
          this.#options.answered(runner);
          this.noteAnswer();
        } catch {
          // The pool sees the death itself; a detector that throws leaves no answer noted.
        }
        this.#options.onFree();
      }),
    );
  }
}
