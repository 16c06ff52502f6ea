/** Which nodes of a graph can be computed in int8: products with a constant matrix, and look-ups in a constant table. */
import type { AnyNode, Value } from "../graph/graph.js";
import type { BoundGraph } from "./bound-graph.js";

/** Smaller matrices cost more to quantise the other factor for than they save. */
const MIN_ELEMENTS = 1 << 12;
const MIN_SIDE = 16;

export interface MatrixProduct {
  readonly path: string;
  readonly x: Value;
  /** [rows, columns] */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly bias: Value | undefined;
  readonly alpha: number;
}

export class Candidates {
  private readonly paths: ReadonlyMap<number, string>;
  private readonly constants: BoundGraph["constants"];

  constructor({ graph, constants }: BoundGraph) {
    this.paths = new Map(graph.inputs.map(({ value, path }) => [value.id, path]));
    this.constants = constants;
  }

  product(node: AnyNode): MatrixProduct | undefined {
    if (node.op !== "MatMul" && node.op !== "Gemm") return undefined;
    const { transposeA, transposeB, alpha } = node.attributes;
    const [x, weight, bias] = node.inputs;
    const matrix = weight && this.matrix(weight);
    if (x === undefined || matrix === undefined || transposeA || transposeB) return undefined;
    if (Math.min(matrix.rows, matrix.columns) < MIN_SIDE) return undefined;
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== matrix.columns)) return undefined;
    return { ...matrix, x, bias, alpha };
  }

  table(node: AnyNode): (Omit<MatrixProduct, "x" | "bias" | "alpha"> & { indices: Value }) | undefined {
    if (node.op !== "Gather" || node.attributes.axis !== 0) return undefined;
    const [table, indices] = node.inputs;
    const matrix = table && this.matrix(table);
    return matrix && indices && { ...matrix, indices };
  }

  private matrix(value: Value) {
    const tensor = this.constants.get(value.id);
    const path = this.paths.get(value.id);
    const [rows = 0, columns = 0] = tensor?.shape ?? [];
    if (tensor === undefined || path === undefined || tensor.shape.length !== 2) return undefined;
    if (!(tensor.data instanceof Float32Array) || tensor.data.length < MIN_ELEMENTS) return undefined;
    return { path, data: tensor.data, rows, columns };
  }
}
