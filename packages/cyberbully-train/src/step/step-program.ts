/** What an engine needs to prepare and call a training step: the types of its arguments, zeroed moments, scalars. */
import { type HostTensor, type Specs, type TensorSpec, tensorSpec } from "@btp/tfjs-jit";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { BatchInput } from "../messages/batch.js";
import type { StepBatch, StepScalars } from "./train-step.js";
import { type FlatParams, numLabels, type TrainedPart } from "./trained-part.js";

const scalarSpec = tensorSpec("float32", []);

/** @param width - of the hidden states that a "top" reads in place of token ids */
export function inputSpecs(part: Pick<TrainedPart, "kind">, width: number): Specs<BatchInput<Tensor>> {
  return {
    input:
      part.kind === "everything"
        ? tensorSpec("int32", ["batch", "tokens"])
        : tensorSpec("float32", ["batch", "tokens", width]),
    positions: tensorSpec("int32", ["tokens"]),
    mask: tensorSpec("float32", ["batch", "tokens"]),
    rows: tensorSpec("int32", ["rows"]),
    slots: tensorSpec("int32", ["batch", "tokens"]),
  };
}

export function stepSpecs(
  part: Pick<TrainedPart, "kind">,
  width: number,
): Specs<[StepBatch<Tensor>, StepScalars<Tensor>]> {
  return [
    {
      ...inputSpecs(part, width),
      targets: tensorSpec("float32", ["batch", numLabels]),
      weights: tensorSpec("float32", ["batch"]),
      nextIds: tensorSpec("int32", ["batch", "tokens"]),
      nextMask: tensorSpec("float32", ["batch", "tokens"]),
    },
    {
      stepSize: scalarSpec,
      secondMomentScale: scalarSpec,
      shrink: scalarSpec,
      inverseWeight: scalarSpec,
      languageModelScale: scalarSpec,
      apply: scalarSpec,
      averageMemory: scalarSpec,
    },
  ];
}

export function specsOf(params: FlatParams<Pick<HostTensor, "shape" | "dtype">>): Record<string, TensorSpec> {
  return Object.fromEntries(
    Object.entries(params).map(([path, { shape, dtype }]) => [path, { shape, dtype }]),
  );
}

export function scalarTensor(value: number): HostTensor {
  return { dtype: "float32", shape: [], data: Float32Array.of(value) };
}

export function zerosLike(params: FlatParams<HostTensor>): FlatParams<HostTensor> {
  return Object.fromEntries(
    Object.entries(params).map(([path, { shape, data }]) => [
      path,
      { dtype: "float32", shape, data: new Float32Array(data.length) },
    ]),
  );
}
