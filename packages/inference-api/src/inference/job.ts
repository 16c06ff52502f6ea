/** What the dispatcher keeps of a request and gives back of it. Types, and the two pure functions that make them. */
import type { Detection } from "@btp/detector";
import type { ApiError } from "../errors.js";
import type { QueueItem } from "./batch-queue.js";

/** One message's decision, with what is known about how it came about. */
export interface Scored {
  readonly detection: Detection;
  /** `name@first 12 hex digits of the weights' sha256` of the model that answered. */
  readonly model: string;
  readonly queueMs: number;
  /** Of the batch it ran in; 0 where the detector does not tell. */
  readonly tokenizationMs: number;
  /** Of the batch it ran in, without its tokenization. */
  readonly inferenceMs: number;
}

export interface Job {
  readonly result: Promise<Scored[]>;
  /** When it fails if it is not answered, by the dispatcher's clock. */
  readonly until: number;
  /** Frees the places of a client that left. `result` stays unsettled: nobody waits for it. */
  cancel(): void;
}

/** One waiting message. */
export interface Item extends QueueItem {
  readonly job: JobState;
  readonly index: number;
  queuedAt: number;
  /** Times it failed while it ran alone. */
  failures: number;
}

/** One request as the dispatcher keeps it. */
export interface JobState {
  readonly items: Item[];
  readonly scored: (Scored | undefined)[];
  left: number;
  done: boolean;
  timer: NodeJS.Timeout | undefined;
  readonly resolve: (scored: Scored[]) => void;
  readonly reject: (error: ApiError) => void;
}

/** Tokens by the usual four characters each, never more than the model reads; exact counts are the worker's. */
export function estimateTokens(text: string, maxLength: number): number {
  return Math.min(maxLength, Math.ceil(text.length / 4) + 1);
}

/** Promise.withResolvers, which Node 20 lacks. */
export function withResolvers<V>(): {
  promise: Promise<V>;
  resolve: (value: V) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: V) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<V>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
