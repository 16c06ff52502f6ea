/**
 * Calls a function with placeholders and gives the graph of what it asked TensorFlow.js to do. With symbolic dimensions
 * it is called twice, with different placeholder sizes, and the two graphs are made one (`unify.ts`). Without them it
 * is called twice all the same: what differs then was drawn at random in JavaScript and would be frozen.
 */
import type * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../arguments.js";
import { inScope, withBackend } from "../engine/backend-scope.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Graph, Value } from "../graph/graph.js";
import { type MaskRecorder, withMaskRecorder } from "../random/mask-recorder.js";
import type { TensorSpec } from "../tensor-spec.js";
import type { TreeStructure } from "../tree.js";
import { type PlaceholderSizes, placeholderSizes } from "./placeholder-sizes.js";
import { RECORDING_BACKEND, recordingBackend } from "./recording-backend.js";
import { unify } from "./unify.js";

/** One input of the graph to be, in the order in which the function gets its tensors. */
export interface RecordedInput {
  readonly path: string;
  readonly role: "argument" | "state" | "constant";
  readonly spec: TensorSpec;
}

/** What the function gives: the tensors that become the graph's outputs, and their structure. */
export interface RecordedResult {
  readonly tensors: readonly tf.Tensor[];
  readonly structure: TreeStructure;
}

export interface Recording {
  readonly graph: Graph;
  readonly structure: TreeStructure;
}

/** @param call - calls the user's function with the placeholders */
export function record(
  inputs: readonly RecordedInput[],
  call: (placeholders: readonly tf.Tensor[]) => RecordedResult,
  name: string,
): Recording {
  const symbols = [...new Set(inputs.flatMap(({ spec }) => spec.shape.filter((d) => typeof d === "string")))];
  const finder = placeholderSizes(symbols);
  const first = recordOnce(inputs, call, finder.sizes[0]);
  const second = recordOnce(inputs, call, finder.sizes[1]);
  return { graph: unify(first.graph, second.graph, finder, name), structure: first.structure };
}

function recordOnce(
  inputs: readonly RecordedInput[],
  call: (placeholders: readonly tf.Tensor[]) => RecordedResult,
  sizes: PlaceholderSizes[0],
): Recording {
  const backend = recordingBackend();
  const builder = new GraphBuilder();
  return withBackend(RECORDING_BACKEND, () =>
    inScope(() => {
      backend.begin(builder);
      try {
        let states = 0;
        const placeholders = inputs.map(({ path, role, spec }) => {
          const shape = spec.shape.map((d) => (typeof d === "string" ? sizes.get(d)! : d));
          const type = { dtype: spec.dtype, shape };
          if (role !== "state") return backend.tensorOf(builder.input(type, { path, role }));
          const part = { index: states++, start: 0, length: sizeOf(shape) };
          return backend.tensorOf(builder.input(type, { path, role, ...part }));
        });
        let masks = 0;
        const recorder: MaskRecorder = {
          mask(random, shape, rate) {
            const path = `dropout${masks++}`;
            return backend.tensorOf(
              builder.input({ dtype: "bool", shape: [...shape] }, { path, role: "mask", random, rate }),
            );
          },
        };
        const result = withMaskRecorder(recorder, () => call(placeholders));
        const outputs: Value[] = result.tensors.map((tensor) => backend.valueFor(tensor));
        return { graph: builder.finish(outputs), structure: result.structure };
      } finally {
        backend.end();
      }
    }),
  );
}
