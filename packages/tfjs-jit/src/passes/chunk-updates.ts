/**
 * Works out a step's new state piece by piece. An optimizer is a chain of a dozen elementwise operators over every
 * parameter; ONNX Runtime runs each over the whole tensor, and a large one goes through memory a dozen times. Cut into
 * pieces that fit the processor's cache, only the first read and the last write do. The pieces of the state are inputs
 * and outputs of the program of their own, views of the same arrays, so that nothing is copied to cut it up.
 */
import type { InputDeclaration } from "../graph/builder.js";
import { sameShape } from "../graph/extent.js";
import type { AnyNode, Graph, GraphInput, Value } from "../graph/graph.js";
import { copyNode, rewriteWithEnd } from "./rewrite.js";

/** Smaller tensors stay in the cache anyway (elements). */
const MIN_SIZE = 1 << 18;
/** 256 KB: the chain's five or so tensors together fit a second-level cache of 1 or 2 MB. */
const PIECE = 1 << 16;
/** More pieces than this make the program larger than they make it faster; they grow instead. */
const MAX_PIECES = 128;

/** Which part of which state tensor an output of the program is; undefined for results. */
export type StatePart =
  | { readonly index: number; readonly start: number; readonly length: number }
  | undefined;

/**
 * @param parts - for each output of the graph, the whole state tensor that it is the next value of
 * @returns the graph, and what each of its outputs is
 */
export function chunkUpdates(
  graph: Graph,
  parts: readonly StatePart[],
): { graph: Graph; parts: readonly StatePart[] } {
  const chunked = findChains(graph, parts);
  const inputs = new Map(graph.inputs.map((input) => [input.value.id, input]));
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map(({ id }) => [id, node] as const)));
  const newParts: StatePart[] = [];
  const result = rewriteWithEnd(
    graph,
    // Left out here; the pieces are made at the end.
    (node) => (chunked.has(node) ? [] : undefined),
    ({ builder, renamed }) => {
      const outputs = graph.outputs.map((output, i): { output: Value; part: StatePart }[] => {
        const producer = producers.get(output.id);
        return producer !== undefined && chunked.has(producer)
          ? []
          : [{ output: renamed(output), part: parts[i] }];
      });
      /** Pieces of one value, by where they start: shared by all outputs. */
      const made = new Map<string, Value>();
      const piece = (value: Value, start: number, length: number): Value => {
        const node = producers.get(value.id);
        if (isScalar(value)) return renamed(value);
        const key = `${value.id}:${start}`;
        const known = made.get(key);
        if (known !== undefined) return known;
        const input = inputs.get(value.id);
        const created =
          node !== undefined && chunked.has(node)
            ? copyNode(
                builder,
                node,
                node.inputs.map((operand) => piece(operand, start, length)),
              )[0]!
            : input?.role === "state"
              ? builder.input({ dtype: value.dtype, shape: [length] }, partOf(input, start, length))
              : builder.add1("Slice", [builder.reshape(renamed(value), [sizeOf(value)])], {
                  begin: [start],
                  end: [start + length],
                  axes: [0],
                  steps: [1],
                });
        made.set(key, created);
        return created;
      };
      for (const size of new Set([...chunked].map((node) => sizeOf(node.outputs[0]!)))) {
        const length = Math.max(PIECE, Math.ceil(size / MAX_PIECES));
        for (let start = 0; start < size; start += length) {
          graph.outputs.forEach((output, i) => {
            const producer = producers.get(output.id);
            if (producer === undefined || !chunked.has(producer) || sizeOf(output) !== size) return;
            const count = Math.min(length, size - start);
            const part = { index: parts[i]!.index, start, length: count };
            outputs[i]!.push({ output: piece(output, start, count), part });
          });
        }
      }
      newParts.push(...outputs.flat().map(({ part }) => part));
      return outputs.flat().map(({ output }) => output);
    },
  );
  return { graph: result, parts: newParts };
}

/** Elementwise nodes over large tensors whose results are used by each other and as next state, and by nothing else. */
function findChains(graph: Graph, parts: readonly StatePart[]): ReadonlySet<AnyNode> {
  const chains = new Set<AnyNode>();
  /** Values with a user outside the chains. */
  const outside = new Set<number>();
  const nextState = new Set<number>();
  graph.outputs.forEach((output, i) => {
    if (parts[i] === undefined || nextState.has(output.id)) outside.add(output.id);
    nextState.add(output.id);
  });
  for (const node of graph.nodes.toReversed()) {
    if (isElementwise(node) && !outside.has(node.outputs[0]!.id)) chains.add(node);
    else for (const input of node.inputs) outside.add(input.id);
  }
  return chains;
}

function isElementwise(node: AnyNode): boolean {
  const [output] = node.outputs;
  if (output === undefined || (node.op !== "Binary" && node.op !== "Unary")) return false;
  if (output.dtype !== "float32" || sizeOf(output) < MIN_SIZE) return false;
  return node.inputs.every((input) => isScalar(input) || sameShape(input.shape, output.shape));
}

function isScalar(value: Value): boolean {
  return value.shape.every((extent) => extent === 1) && value.shape.length <= 1;
}

/** 0 for symbolic shapes: their tensors are never cut. */
function sizeOf(value: Value): number {
  return value.shape.reduce<number>((size, extent) => (typeof extent === "number" ? size * extent : 0), 1);
}

function partOf(
  input: GraphInput & { readonly role: "state" },
  start: number,
  length: number,
): InputDeclaration {
  return {
    role: "state",
    path: `${input.path}[${start}:${start + length}]`,
    index: input.index,
    start,
    length,
  };
}
