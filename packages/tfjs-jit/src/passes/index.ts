/** The passes in the order in which they run. The graph is checked after each. */
import { checkGraph } from "../graph/check.js";
import type { Graph } from "../graph/graph.js";
import { biasIntoGemm } from "./bias-into-gemm.js";
import { commonSubexpressions } from "./common-subexpressions.js";
import { deadNodes } from "./dead-nodes.js";
import { gelu } from "./gelu.js";
import { layerNorm } from "./layer-norm.js";
import { matmulScale } from "./matmul-scale.js";
import type { Pass } from "./pass.js";
import { scalarAlgebra } from "./scalar-algebra.js";
import { shapeMerge } from "./shape-merge.js";
import { sumOfSquares } from "./sum-of-squares.js";
import { uniformOperands } from "./uniform-operands.js";

export const PASSES: readonly Pass[] = [
  deadNodes,
  commonSubexpressions,
  shapeMerge,
  uniformOperands,
  scalarAlgebra,
  uniformOperands,
  scalarAlgebra,
  commonSubexpressions,
  deadNodes,
  layerNorm,
  gelu,
  deadNodes,
  matmulScale,
  biasIntoGemm,
  sumOfSquares,
  shapeMerge,
  commonSubexpressions,
  deadNodes,
];

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
