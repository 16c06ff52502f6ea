/** Drops nodes whose results nobody uses. Inputs stay: they are the program's signature. */
import type { Graph } from "../graph/graph.js";
import type { Pass } from "./pass.js";

export const deadNodes: Pass = {
  name: "dead-nodes",
  apply(graph: Graph): Graph {
    const live = new Set(graph.outputs.map(({ id }) => id));
    const kept = graph.nodes.toReversed().filter((node) => {
      if (!node.outputs.some(({ id }) => live.has(id))) return false;
      for (const input of node.inputs) live.add(input.id);
      return true;
    });
    return { ...graph, nodes: kept.reverse() };
  },
};
