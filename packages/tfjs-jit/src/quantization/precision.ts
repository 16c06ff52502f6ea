/** What a caller may ask of int8, and what is told of it. */
import type { HostTensor } from "../host-tensor.js";

/** How a program is to compute: `ProgramOptions.precision`. Only the compiled engine has int8; others stay at float32. */
export interface Int8Precision {
  readonly kind: "int8";
  /**
   * Argument lists of some typical runs, best of one message each, without padding. With them every matrix's error is
   * measured and the worst are treated otherwise; without them every matrix is taken as it is, and nothing is measured.
   */
  readonly calibration?: readonly (readonly unknown[])[];
  /** Matrices whose relative error stays above this are kept in float32; default 0.02. */
  readonly matrixLimit?: number;
  /** Largest error of the program's outputs on the calibration; above it the program stays float32. Default 0.02. */
  readonly outputLimit?: number;
  /** Error of one calibration run's outputs; default: the largest relative error (L2) of a row of the first output. */
  readonly outputError?: (exact: readonly HostTensor[], int8: readonly HostTensor[]) => number;
  /** Constants by path, as the program's errors name them, that stay float32. */
  readonly keepFloat?: (path: string) => boolean;
  /** Tables that rows are looked up in become int8 too: a quarter of the memory, no faster. Default false. */
  readonly tables?: boolean;
  /**
   * For a program that other machines will run: weights of 7 bits, which are right on processors without VNNI too, even where
   * this one has it. Default false.
   */
  readonly portable?: boolean;
  /** Called once, before the program is ready. */
  readonly onReport?: (report: Int8Report) => void;
}

/** "int8-smoothed": int8 with channel scales moved from activations to weights (SmoothQuant, arXiv 2211.10438). */
export type MatrixForm = "int8" | "int8-smoothed" | "float32";

export interface MatrixReport {
  /** Of the constant. */
  readonly path: string;
  readonly form: MatrixForm;
  /** Relative error of the products in this form on the calibration, a mean over rows; undefined when not measured. */
  readonly error: number | undefined;
  /** The same without channel scales. */
  readonly plainError: number | undefined;
}

export interface Int8Report {
  /** What the program computes with in the end. */
  readonly precision: "int8" | "float32";
  /** 7 with `portable` and on processors without VNNI, where products of 8 bits would overflow: errors are up to twice as large there. */
  readonly weightBits: 7 | 8;
  readonly matrices: readonly MatrixReport[];
  /**
   * Over the calibration runs; of the program as it is, or, where that is float32, of what int8 would have been at first.
   * Undefined without calibration.
   */
  readonly outputError: { readonly mean: number; readonly max: number } | undefined;
  readonly outputLimit: number;
}

/** How one matrix is to be computed. */
export type Treatment =
  | { readonly form: "float32" }
  | ({ readonly form: "int8" } & WeightRange)
  /** channelScales [rows of the matrix]: activations are divided by them, weights multiplied. */
  | ({ readonly form: "int8-smoothed"; readonly channelScales: Float32Array } & WeightRange);

export interface WeightRange {
  /** Largest integer that a weight may be; default 127. See weight-range.ts. */
  readonly largest?: number;
}
