/**
 * Checks a graph as a whole: every value made once and before its use, every type what its operator gives. It is run
 * after recording and after each pass, so that a wrong pass is named by the check instead of by wrong numbers.
 */
import { JitError } from "../errors.js";
import { sameShape, shapeKey } from "./extent.js";
import type { AnyNode, Graph, OpName, Value, ValueType } from "./graph.js";
import type { OpDefinition } from "./ops/definition.js";
import { OPS } from "./ops/table.js";

/**
 * @param stage - what has just made the graph, for the error
 * @throws {JitError} INVALID_GRAPH
 */
export function checkGraph(graph: Graph, stage: string): void {
  const known = new Map<number, Value>();
  const fail = (message: string): never => {
    throw new JitError(
      "INVALID_GRAPH",
      `after ${stage}: ${message}; this is a bug of tfjs-jit, please report it`,
    );
  };
  const define = (value: Value, where: string): void => {
    if (known.has(value.id)) fail(`%${value.id} is assigned twice, by ${where}`);
    known.set(value.id, value);
  };
  const use = (value: Value, where: string): void => {
    const made = known.get(value.id) ?? fail(`%${value.id} is used by ${where} before it is made`);
    if (!sameType(made, value))
      fail(`%${value.id} is used by ${where} with another type than it was made with`);
  };
  for (const input of graph.inputs) define(input.value, `input ${input.path}`);
  for (const node of graph.nodes) {
    for (const value of node.inputs) use(value, node.op);
    const types = typesOrFail(node, fail);
    node.outputs.forEach((value, i) => {
      const type = types[i];
      if (type === undefined || !sameType(type, value)) {
        fail(
          `${node.op} gives ${type ? `${type.dtype} ${shapeKey(type.shape)}` : "nothing"}, not ${value.dtype} ${shapeKey(value.shape)}`,
        );
      }
      define(value, node.op);
    });
  }
  for (const output of graph.outputs) use(output, "the result");
}

function typesOrFail(node: AnyNode, fail: (message: string) => never): readonly ValueType[] {
  try {
    return inferTypes(node);
  } catch (error) {
    return fail(`${node.op} from ${node.source}: ${error instanceof Error ? error.message : error}`);
  }
}

/** The types of a node's results, by its operator's rule. */
export function inferTypes(node: AnyNode): readonly ValueType[] {
  // The table pairs each operator with its own attributes; TypeScript cannot follow a union through the lookup.
  const definition: OpDefinition<never> | OpDefinition<OpName> = OPS[node.op];
  return (definition as OpDefinition<OpName>).infer(node.inputs, node.attributes);
}

function sameType(a: ValueType, b: ValueType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}
