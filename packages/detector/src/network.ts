/**
 * The classifier as one program of an engine: rows of ids in, two logits a row out. One recording with symbolic sizes
 * serves every batch. Shape letters: B rows, T tokens of the longest row, R tokens of all rows together.
 */
import {
  type ClassifierParams,
  classifierLogits,
  type GptConfig,
  type HostTensor,
  keepPadding,
  layOutPadding,
  type PaddingLayout,
  skipPadding,
} from "@btp/core-gpt";
import { type Engine, type Int8Precision, type Int8Report, tensorSpec } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import { type PaddingCost, paddedInAttention, paddedThrough } from "./batch.js";

export interface Network {
  /** @returns logits, float32 [B, 2], row-major */
  run(rows: readonly Int32Array[]): Promise<Float32Array>;
  /** Of a batch's padding: what `planBatches` weighs. */
  readonly paddingCost: PaddingCost;
  dispose(): Promise<void>;
}

/** Whether matrices and embeddings are computed and kept in int8, where the scores stay what they are. */
export interface Int8Options {
  /** Token ids of typical messages. */
  readonly calibration: readonly Int32Array[];
  /** Error of a run's logits, and the largest that is accepted. */
  readonly errorOf: (exact: readonly HostTensor[], int8: readonly HostTensor[]) => number;
  readonly limit: number;
  readonly onReport: (report: Int8Report) => void;
}

/**
 * Narrower networks compute what little padding sorted messages leave: copying rows costs in proportion to the width,
 * multiplying matrices to its square. At 192 all messages of a file took 7 % longer without padding.
 */
const skipsPadding = ({ width }: GptConfig): boolean => width >= 256;

/** @param params - not changed; kept by the program while it lives, but for what becomes int8 */
export async function compileNetwork(
  engine: Engine,
  architecture: GptConfig,
  params: ClassifierParams<HostTensor>,
  int8?: Int8Options,
): Promise<Network> {
  const program = await engine.compile(
    (weights: ClassifierParams<Tensor>, { ids, positions, mask, ...layout }: PaddedRows<Tensor>): Tensor => {
      const padding = skipsPadding(architecture) ? skipPadding(layout, mask) : keepPadding;
      return classifierLogits(weights, architecture, ids, positions, mask, undefined, padding);
    },
    params,
    [
      {
        ids: tensorSpec("int32", ["batch", "sequence"]),
        positions: tensorSpec("int32", ["sequence"]),
        mask: tensorSpec("float32", ["batch", "sequence"]),
        rows: tensorSpec("int32", ["tokens"]),
        slots: tensorSpec("int32", ["batch", "sequence"]),
      },
    ],
    { name: "classifier forward", ...(int8 && { precision: precisionOf(int8) }) },
  );
  return {
    async run(rows) {
      const logits = await program.run(padRows(rows));
      return Float32Array.from(logits.data);
    },
    paddingCost: skipsPadding(architecture) ? paddedInAttention : paddedThrough,
    dispose: () => program.dispose(),
  };
}

function precisionOf({ calibration, errorOf, limit, onReport }: Int8Options): Int8Precision {
  return {
    kind: "int8",
    calibration: calibration.map((row) => [padRows([row])]),
    outputError: errorOf,
    outputLimit: limit,
    tables: true,
    onReport,
  };
}

/** A batch as the network reads it. `T` is a tensor inside the program and a HostTensor outside. */
export interface PaddedRows<T> extends PaddingLayout<T> {
  /** int32 [B, T] */
  readonly ids: T;
  /** int32 [T] */
  readonly positions: T;
  /** float32 [B, T] */
  readonly mask: T;
}

/** Pads on the right with id 0, which the mask and causal attention keep out; a row without tokens is all padding. */
export function padRows(rows: readonly Int32Array[]): PaddedRows<HostTensor> {
  const batch = rows.length;
  const sequence = Math.max(1, ...rows.map((row) => row.length));
  const ids = new Int32Array(batch * sequence); // [B, T]
  const mask = new Float32Array(batch * sequence); // [B, T]
  rows.forEach((row, b) => {
    ids.set(row, b * sequence);
    mask.fill(1, b * sequence, b * sequence + row.length);
  });
  const positions = Int32Array.from({ length: sequence }, (_, t) => t); // [T]
  return {
    ids: { dtype: "int32", shape: [batch, sequence], data: ids },
    positions: { dtype: "int32", shape: [sequence], data: positions },
    mask: { dtype: "float32", shape: [batch, sequence], data: mask },
    ...layOutPadding(
      rows.map((row) => row.length),
      sequence,
    ),
  };
}
