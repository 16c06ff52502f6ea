/** A pass turns a graph into an equivalent one. Passes are ordered in `index.ts`; each can be left out by name. */
import type { Graph } from "../graph/graph.js";

export interface Pass {
  readonly name: string;
  apply(graph: Graph): Graph;
}
