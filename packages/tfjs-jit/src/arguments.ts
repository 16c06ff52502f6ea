/**
 * Checks what a caller passes against what a program was made for, before anything runs: an engine given a wrong size
 * may fail deep inside, or worse, broadcast. Errors name the argument by its path.
 */
import { JitError } from "./errors.js";
import type { DataType, HostArray, HostTensor } from "./host-tensor.js";
import { isHostTensor, isTensorSpec } from "./leaves.js";
import type { TensorSpec } from "./tensor-spec.js";
import { describeStructure, type FlatTree, flattenTree } from "./tree.js";

/** Size of every symbolic dimension in one call. */
export type DimensionSizes = ReadonlyMap<string, number>;

const ARRAY_OF = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const satisfies Record<
  DataType,
  unknown
>;

/** A zeroed array for a dtype. */
export function allocate(dtype: DataType, length: number): HostArray {
  return new ARRAY_OF[dtype](length);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** @throws {JitError} ARGUMENT_MISMATCH for a specification with a bad dtype or dimension */
export function flattenSpecs(specs: unknown, root: string): FlatTree<TensorSpec> {
  const flat = flattenTree(specs, isTensorSpec, root);
  for (const { path, value } of flat.leaves) {
    if (!Object.hasOwn(ARRAY_OF, value.dtype)) {
      throw new JitError(
        "ARGUMENT_MISMATCH",
        `${path}: dtype must be float32, int32 or bool, but is ${value.dtype}`,
      );
    }
    for (const dimension of value.shape) {
      const good =
        typeof dimension === "string"
          ? dimension.length > 0
          : Number.isSafeInteger(dimension) && dimension > 0;
      if (!good) {
        throw new JitError(
          "ARGUMENT_MISMATCH",
          `${path}: a dimension must be a positive whole number or the name of a symbolic one, but is ${dimension}`,
        );
      }
    }
  }
  return flat;
}

/** The specification of each host tensor: what `constants` and `state` are recorded with. */
export function flattenHosted(tensors: unknown, root: string): FlatTree<HostTensor> {
  const flat = flattenTree(tensors, isHostTensor, root);
  for (const { path, value } of flat.leaves) checkData(value, path);
  return flat;
}

/**
 * Flattens `values` and checks it against `expected`.
 * @returns the leaves in the order of `expected`, and the size of each symbolic dimension
 * @throws {JitError} ARGUMENT_MISMATCH naming the first leaf that does not fit
 */
export function matchArguments(
  values: unknown,
  expected: FlatTree<TensorSpec>,
  root: string,
): { leaves: readonly HostTensor[]; sizes: DimensionSizes } {
  const flat = flattenTree(values, isHostTensor, root);
  const wanted = describeStructure(expected.structure);
  const got = describeStructure(flat.structure);
  if (wanted !== got) {
    throw new JitError(
      "ARGUMENT_MISMATCH",
      `${root || "the arguments"} must have the structure ${wanted}, but have ${got}`,
    );
  }
  // Equal structures may list their keys in another order, so leaves are matched by path.
  const byPath = new Map(flat.leaves.map((leaf) => [leaf.path, leaf.value]));
  const sizes = new Map<string, { size: number; path: string }>();
  const leaves = expected.leaves.map(({ path, value: spec }) => {
    const tensor = byPath.get(path)!;
    checkLeaf(tensor, spec, path, sizes);
    return tensor;
  });
  return { leaves, sizes: new Map([...sizes].map(([name, { size }]) => [name, size])) };
}

function checkLeaf(
  tensor: HostTensor,
  spec: TensorSpec,
  path: string,
  sizes: Map<string, { size: number; path: string }>,
): void {
  const fail = (what: string): never => {
    throw new JitError("ARGUMENT_MISMATCH", `${path}: ${what}`);
  };
  if (tensor.dtype !== spec.dtype) fail(`expected ${spec.dtype}, but got ${tensor.dtype}`);
  if (tensor.shape.length !== spec.shape.length) {
    fail(`expected shape [${spec.shape.join(", ")}], but got [${tensor.shape.join(", ")}]`);
  }
  checkData(tensor, path);
  spec.shape.forEach((dimension, i) => {
    const size = tensor.shape[i]!;
    if (typeof dimension === "number") {
      if (size !== dimension) {
        fail(`expected shape [${spec.shape.join(", ")}], but got [${tensor.shape.join(", ")}]`);
      }
      return;
    }
    if (size === 0) fail(`dimension ${dimension} must be at least 1, but is 0`);
    const known = sizes.get(dimension);
    if (known === undefined) sizes.set(dimension, { size, path });
    else if (known.size !== size)
      fail(`dimension ${dimension} is ${size}, but ${known.size} in ${known.path}; they must be equal`);
  });
}

function checkData(tensor: HostTensor, path: string): void {
  const ArrayType = Object.hasOwn(ARRAY_OF, tensor.dtype) ? ARRAY_OF[tensor.dtype] : undefined;
  if (ArrayType === undefined) {
    throw new JitError(
      "ARGUMENT_MISMATCH",
      `${path}: dtype must be float32, int32 or bool, but is ${tensor.dtype}`,
    );
  }
  if (!(tensor.data instanceof ArrayType)) {
    throw new JitError(
      "ARGUMENT_MISMATCH",
      `${path}: ${tensor.dtype} data must be a ${ArrayType.name}, but is a ${tensor.data.constructor.name}`,
    );
  }
  if (!tensor.shape.every((d) => Number.isSafeInteger(d) && d >= 0)) {
    throw new JitError("ARGUMENT_MISMATCH", `${path}: sizes must be whole numbers, not [${tensor.shape}]`);
  }
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new JitError(
      "ARGUMENT_MISMATCH",
      `${path}: shape [${tensor.shape.join(", ")}] needs ${sizeOf(tensor.shape)} values, but the data has ${tensor.data.length}`,
    );
  }
}
