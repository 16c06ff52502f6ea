/**
 * What most passes are: a walk over the nodes in order that copies each into a new graph, or lets a rule put something
 * else in its place. Rules look backwards only, at the producers of the inputs in the new graph, which have been
 * rewritten already; what nobody uses any more is left to the dead-nodes pass.
 */
import { GraphBuilder } from "../graph/builder.js";
import type { AnyNode, Graph, OpName, Value } from "../graph/graph.js";

export interface RewriteContext {
  readonly builder: GraphBuilder;
  /** The old graph, for rules that must know what else uses a value. */
  readonly old: {
    /** The node that makes a value; undefined for an input. */
    producer(value: Value): AnyNode | undefined;
    /** How often a value is used, by nodes or as a result. */
    uses(value: Value): number;
  };
  /** The new value of an old one that comes earlier. */
  renamed(oldValue: Value): Value;
  /** From here on, users of the old value get the new one. */
  rename(oldValue: Value, newValue: Value): void;
}

/** Gives the new values of the node's outputs, or undefined to copy the node. `inputs` are values of the new graph. */
export type RewriteRule = (
  node: AnyNode,
  inputs: readonly Value[],
  context: RewriteContext,
) => readonly Value[] | undefined;

export function rewrite(graph: Graph, rule: RewriteRule): Graph {
  return rewriteWithEnd(graph, rule, ({ renamed }) => graph.outputs.map(renamed));
}

/** As `rewrite`; `end` may add nodes and gives the outputs of the new graph. */
export function rewriteWithEnd(
  graph: Graph,
  rule: RewriteRule,
  end: (context: RewriteContext) => readonly Value[],
): Graph {
  const builder = new GraphBuilder();
  const counts = countUses(graph);
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map(({ id }) => [id, node] as const)));
  const renamed = new Map<number, Value>();
  const context: RewriteContext = {
    builder,
    old: {
      producer: ({ id }) => producers.get(id),
      uses: ({ id }) => counts.get(id) ?? 0,
    },
    renamed: ({ id }) => renamed.get(id)!,
    rename: ({ id }, value) => renamed.set(id, value),
  };
  for (const { value, ...declaration } of graph.inputs) {
    renamed.set(value.id, builder.input(value, declaration));
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => renamed.get(input.id)!);
    builder.source = node.source;
    const outputs = rule(node, inputs, context) ?? copyNode(builder, node, inputs);
    outputs.forEach((value, i) => {
      renamed.set(node.outputs[i]!.id, value);
    });
  }
  return builder.finish(end(context));
}

export function copyNode(builder: GraphBuilder, node: AnyNode, inputs: readonly Value[]): readonly Value[] {
  return builder.add<OpName>(node.op, inputs, node.attributes);
}

/** Number of uses of each value, by id. */
export function countUses(graph: Graph): Map<number, number> {
  const counts = new Map<number, number>();
  const use = (value: Value): void => {
    counts.set(value.id, (counts.get(value.id) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(use);
  graph.outputs.forEach(use);
  return counts;
}
