/**
 * What parent and worker process say to each other over the IPC channel (JSON).
 * A worker answers batches one at a time, in order; its parent never sends a second before the first is answered.
 */
import type { Detection, DetectorInfo, Precision } from "@btp/detector";
import type { EngineName } from "../config.js";

/** Where the worker's detector comes from: a module exporting `load(directory, options)`. */
export interface WorkerSetup {
  readonly directory: string;
  readonly detectorModule: string;
  /** Which engine computes; undefined leaves the choice to the detector. */
  readonly engine?: EngineName;
  /** Threads of the engine inside the worker. */
  readonly threads?: number;
  /** Absent: fp32. */
  readonly precision?: Precision;
}

export type ToWorker =
  | ({ readonly type: "load" } & WorkerSetup)
  | { readonly type: "detect"; readonly id: number; readonly texts: readonly string[] };

export interface BatchTimings {
  /** Whole time in the worker, milliseconds. */
  readonly totalMs: number;
  /** Of which spent on tokenization, where the detector tells. */
  readonly tokenizationMs?: number;
}

export type FromWorker =
  | { readonly type: "ready"; readonly info: DetectorInfo }
  | { readonly type: "load-failed"; readonly code: string; readonly message: string }
  | {
      readonly type: "result";
      readonly id: number;
      readonly detections: readonly Detection[];
      readonly timings: BatchTimings;
    }
  | { readonly type: "failed"; readonly id: number; readonly code: string };

/** One answered batch. */
export interface BatchResult {
  readonly detections: readonly Detection[];
  readonly timings: BatchTimings;
  readonly info: DetectorInfo;
}
