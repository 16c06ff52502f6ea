/** The passes in the order in which they run. The graph is checked after each. */
import { checkGraph } from "../graph/check.js";
import type { Graph } from "../graph/graph.js";
import { commonSubexpressions } from "./common-subexpressions.js";
import { deadNodes } from "./dead-nodes.js";
import type { Pass } from "./pass.js";

export const PASSES: readonly Pass[] = [deadNodes, commonSubexpressions, deadNodes];

export type PassFilter = (pass: string) => boolean;

/** @param use - which passes run, by name: for measuring what each is worth */
export function optimize(graph: Graph, use: PassFilter = () => true, passes = PASSES): Graph {
  return passes.reduce((before, pass) => {
    if (!use(pass.name)) return before;
    const after = pass.apply(before);
    checkGraph(after, `pass ${pass.name}`);
    return after;
  }, graph);
}
