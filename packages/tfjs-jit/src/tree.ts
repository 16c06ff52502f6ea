/**
 * Flattens nested objects and arrays into a list of leaves and builds them again. Object keys keep their order; the
 * structure of two trees is the same when their descriptions are equal. Knows nothing of tensors: the caller says
 * what a leaf is.
 */
import { JitError } from "./errors.js";

export type TreeStructure =
  | { readonly kind: "leaf" }
  | { readonly kind: "absent" }
  | { readonly kind: "array"; readonly items: readonly TreeStructure[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, TreeStructure])[] };

export interface TreeLeaf<Leaf> {
  /** How the leaf is reached, for example `parameters.blocks[0].weight`. */
  readonly path: string;
  readonly value: Leaf;
}

export interface FlatTree<Leaf> {
  readonly leaves: readonly TreeLeaf<Leaf>[];
  readonly structure: TreeStructure;
}

const MAX_DEPTH = 64;

/**
 * @param root - name of the tree in paths and errors
 * @throws {JitError} ARGUMENT_MISMATCH when something is neither leaf, array, plain object nor undefined
 */
export function flattenTree<Leaf>(
  tree: unknown,
  isLeaf: (value: unknown) => value is Leaf,
  root: string,
): FlatTree<Leaf> {
  const leaves: TreeLeaf<Leaf>[] = [];
  const visit = (value: unknown, path: string, depth: number): TreeStructure => {
    if (isLeaf(value)) {
      leaves.push({ path, value });
      return { kind: "leaf" };
    }
    if (value === undefined || value === null) return { kind: "absent" };
    if (depth > MAX_DEPTH) {
      throw new JitError("ARGUMENT_MISMATCH", `${root} is nested deeper than ${MAX_DEPTH} levels`);
    }
    if (Array.isArray(value)) {
      return { kind: "array", items: value.map((item, i) => visit(item, `${path}[${i}]`, depth + 1)) };
    }
    if (typeof value === "object" && isPlain(value)) {
      const entries = Object.entries(value).map(
        ([key, item]) => [key, visit(item, path === "" ? key : `${path}.${key}`, depth + 1)] as const,
      );
      return { kind: "object", entries };
    }
    throw new JitError(
      "ARGUMENT_MISMATCH",
      `${path || root} must be a tensor or an array or plain object of tensors, but is ${describe(value)}`,
    );
  };
  const structure = visit(tree, root, 0);
  return { leaves, structure };
}

/** Builds the tree again with the n-th leaf replaced by `leaves[n]`. */
export function unflattenTree(structure: TreeStructure, leaves: readonly unknown[]): unknown {
  let next = 0;
  const build = (node: TreeStructure): unknown => {
    switch (node.kind) {
      case "leaf":
        return leaves[next++];
      case "absent":
        return undefined;
      case "array":
        return node.items.map(build);
      case "object":
        return Object.fromEntries(node.entries.map(([key, item]) => [key, build(item)]));
    }
  };
  return build(structure);
}

/** One line that is equal for trees of equal structure: `{a:*,b:[*,*]}`. Keys are sorted: their order means nothing. */
export function describeStructure(node: TreeStructure): string {
  switch (node.kind) {
    case "leaf":
      return "*";
    case "absent":
      return "-";
    case "array":
      return `[${node.items.map(describeStructure).join(",")}]`;
    case "object": {
      const entries = node.entries
        .filter(([, item]) => item.kind !== "absent")
        .map(([key, item]) => `${key}:${describeStructure(item)}`);
      return `{${entries.sort().join(",")}}`;
    }
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (typeof value === "object" && value !== null) return `a ${value.constructor?.name ?? "object"}`;
  return `a ${typeof value}`;
}
