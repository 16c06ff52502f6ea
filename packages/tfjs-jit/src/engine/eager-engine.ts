/**
 * Runs functions as TensorFlow.js does, op by op, on one of its backends. Nothing is compiled; the contract is the one
 * of the compiled engine, so that it can serve as its reference. Leaves the global backend as it found it after each
 * run, and leaks no tensor.
 */
import * as tf from "@tensorflow/tfjs-core";
import { allocate, flattenHosted, flattenSpecs, matchArguments } from "../arguments.js";
import { JitError } from "../errors.js";
import type { HostTensor } from "../host-tensor.js";
import type { TensorSpec } from "../tensor-spec.js";
import { type FlatTree, unflattenTree } from "../tree.js";
import { inScope, withBackend } from "./backend-scope.js";
import { callFunction } from "./call-function.js";
import type { Engine, EngineName } from "./engine.js";
import { callStep } from "./step-function.js";
import { programName, typedEngine } from "./untyped-engine.js";

/** @param backend - name of a TensorFlow.js backend that is registered and ready */
export function createEagerEngine(name: EngineName, backend: string): Engine {
  return typedEngine({
    name,
    async compile(fn, constants, args, options) {
      const title = programName(fn.name, options);
      const specs = flattenSpecs(args, "arguments");
      const kept = new KeptTree(backend, constants, "constants");
      return {
        run(values) {
          const { leaves } = matchArguments(values, specs, "arguments");
          return withBackend(backend, () =>
            inScope(() => {
              const given = unflattenTree(specs.structure, leaves.map(toTensor));
              const result = callFunction(() => fn(kept.tree(), ...listOf(given)), title);
              return unflattenTree(result.structure, result.leaves.map(toHost));
            }),
          );
        },
        dispose: () => kept.dispose(),
      };
    },
    async compileStep(fn, state, constants, args, options) {
      const title = programName(fn.name, options);
      const specs = flattenSpecs(args, "arguments");
      const kept = new KeptTree(backend, constants, "constants");
      const carried = new KeptTree(backend, copyOf(state), "state");
      return {
        step(values) {
          const { leaves } = matchArguments(values, specs, "arguments");
          return withBackend(backend, () =>
            inScope(() => {
              const given = unflattenTree(specs.structure, leaves.map(toTensor));
              const { next, result } = callStep(
                fn,
                [carried.tree(), kept.tree(), ...listOf(given)],
                carried.specs,
                title,
              );
              const hosted = unflattenTree(result.structure, result.leaves.map(toHost));
              carried.replace(next);
              return hosted;
            }),
          );
        },
        readState: () => withBackend(backend, () => carried.read()),
        writeState(next) {
          const { leaves } = matchArguments(next, carried.specs, "state");
          withBackend(backend, () =>
            inScope(() => carried.replace(leaves.map((leaf) => toTensor(copyLeaf(leaf))))),
          );
        },
        dispose() {
          kept.dispose();
          carried.dispose();
        },
      };
    },
  });
}

/** Tensors that outlive a run: constants and state. */
class KeptTree {
  readonly specs: FlatTree<TensorSpec>;
  private tensors: readonly tf.Tensor[];

  constructor(backend: string, hosted: unknown, root: string) {
    const flat = flattenHosted(hosted, root);
    this.specs = flat;
    this.tensors = withBackend(backend, () => flat.leaves.map(({ value }) => tf.keep(toTensor(value))));
  }

  tree(): unknown {
    return unflattenTree(this.specs.structure, this.tensors);
  }

  /** Takes over `next`, which may hold tensors of the present state. */
  replace(next: readonly tf.Tensor[]): void {
    const cloned = next.map((tensor) => tf.keep(tensor.clone()));
    tf.dispose([...this.tensors]);
    this.tensors = cloned;
  }

  read(): unknown {
    return unflattenTree(
      this.specs.structure,
      this.tensors.map((value) => toHost({ value })),
    );
  }

  dispose(): void {
    tf.dispose([...this.tensors]);
    this.tensors = [];
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function toTensor(tensor: HostTensor): tf.Tensor {
  return tf.tensor(tensor.data, [...tensor.shape], tensor.dtype);
}

function toHost({ value }: { readonly value: tf.Tensor }): HostTensor {
  const dtype = value.dtype;
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new JitError("RESULT_MISMATCH", `a result must be float32, int32 or bool, but is ${dtype}`);
  }
  // A copy: the CPU backend hands out its own array, which may be an input's or the state's.
  const data = allocate(dtype, value.size);
  data.set(value.dataSync());
  return { dtype, shape: value.shape.slice(), data };
}

function copyLeaf(tensor: HostTensor): HostTensor {
  return { ...tensor, data: tensor.data.slice() };
}

function copyOf(state: unknown): unknown {
  const flat = flattenHosted(state, "state");
  return unflattenTree(
    flat.structure,
    flat.leaves.map(({ value }) => copyLeaf(value)),
  );
}
