/** A graph together with the values of its constants: what a pass needs that looks at weights. */
import type { Graph, Value } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import { deadNodes } from "../passes/dead-nodes.js";

export interface BoundGraph {
  readonly graph: Graph;
  /** Values of the inputs of role `constant`, by value id. */
  readonly constants: ReadonlyMap<number, HostTensor>;
}

/** @param values - in the order of the graph's inputs of role `constant` */
export function bind(graph: Graph, values: readonly HostTensor[]): BoundGraph {
  const inputs = graph.inputs.filter(({ role }) => role === "constant");
  return { graph, constants: new Map(inputs.map(({ value }, i) => [value.id, values[i]!])) };
}

/** The values of `bound` for a graph with the same inputs in the same order. */
export function rebind(graph: Graph, bound: BoundGraph): BoundGraph {
  return bind(graph, [...bound.constants.values()]);
}

/** Without nodes that nobody uses, and without constants that then nobody uses: what became int8 leaves the memory. */
export function dropUnused({ graph, constants }: BoundGraph): BoundGraph {
  const live = deadNodes.apply(graph);
  const used = new Set([...live.nodes.flatMap(({ inputs }) => inputs), ...live.outputs].map(({ id }) => id));
  const inputs = live.inputs.filter(({ role, value }) => role !== "constant" || used.has(value.id));
  return {
    graph: { ...live, inputs },
    constants: new Map([...constants].filter(([id]) => used.has(id))),
  };
}

/** The float32 values of a constant, an input or a node's. */
export function floatsOf(
  value: Value,
  { constants }: BoundGraph,
  producer: (value: Value) => { readonly op: string; readonly attributes: object } | undefined,
): Float32Array | undefined {
  const node = producer(value);
  const tensor =
    constants.get(value.id) ??
    (node?.op === "Constant" && "tensor" in node.attributes
      ? (node.attributes.tensor as HostTensor)
      : undefined);
  return tensor?.data instanceof Float32Array ? tensor.data : undefined;
}
