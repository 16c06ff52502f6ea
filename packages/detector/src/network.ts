/**
 * The classifier as one program of an engine: rows of ids in, two logits a row out. One recording with symbolic sizes
 * serves every batch. Shape letters: B rows, T tokens of the longest row.
 */
import { type ClassifierParams, classifierLogits, type GptConfig, type HostTensor } from "@btp/core-gpt";
import { type Engine, tensorSpec } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";

export interface Network {
  /** @returns logits, float32 [B, 2], row-major */
  run(rows: readonly Int32Array[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** @param params - kept by the program while it lives; not changed */
export async function compileNetwork(
  engine: Engine,
  architecture: GptConfig,
  params: ClassifierParams<HostTensor>,
): Promise<Network> {
  const program = await engine.compile(
    (weights: ClassifierParams<Tensor>, ids: Tensor, positions: Tensor, mask: Tensor): Tensor =>
      classifierLogits(weights, architecture, ids, positions, mask),
    params,
    [
      tensorSpec("int32", ["batch", "sequence"]),
      tensorSpec("int32", ["sequence"]),
      tensorSpec("float32", ["batch", "sequence"]),
    ],
    { name: "classifier forward" },
  );
  return {
    async run(rows) {
      const { ids, positions, mask } = padRows(rows);
      const logits = await program.run(ids, positions, mask);
      return Float32Array.from(logits.data);
    },
    dispose: () => program.dispose(),
  };
}

/** Pads on the right with id 0, which the mask and causal attention keep out; a row without tokens is all padding. */
export function padRows(rows: readonly Int32Array[]): {
  ids: HostTensor;
  positions: HostTensor;
  mask: HostTensor;
} {
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
  };
}
