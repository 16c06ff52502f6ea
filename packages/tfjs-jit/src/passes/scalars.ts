/** Finds out, in a graph under construction, which values are one number everywhere. */
import { allocate } from "../arguments.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";

/** A graph, finished or under construction, that can be walked backwards. */
export type Producers = Pick<GraphBuilder, "producer">;

/** The number that every element of a value is, when that is known now. */
export function uniformValue(builder: Producers, value: Value): number | undefined {
  const node = builder.producer(value);
  switch (node?.op) {
    case "Constant": {
      const { data } = node.attributes.tensor;
      return data.length === 1 ? data[0] : undefined;
    }
    case "Expand":
    case "Tile":
    case "Reshape":
    case "Transpose":
      return uniformValue(builder, node.inputs[0]!);
    default:
      return undefined;
  }
}

/** A rank 0 constant of the dtype of `like`. */
export function scalarLike(builder: GraphBuilder, value: number, like: Value): Value {
  const dtype = like.dtype === "int64" ? "int32" : like.dtype;
  const data = allocate(dtype, 1);
  data[0] = value;
  return builder.constant({ dtype, shape: [], data });
}

/** `value` broadcast to a shape it may already have. */
export function expandTo(builder: GraphBuilder, value: Value, like: Value): Value {
  const same =
    value.shape.length === like.shape.length &&
    value.shape.every((extent, i) => extent === like.shape[i] || extentsEqual(extent, like.shape[i]!));
  return same ? value : builder.add1("Expand", [value], { shape: like.shape });
}

function extentsEqual(a: Value["shape"][number], b: Value["shape"][number]): boolean {
  return typeof a !== "number" && typeof b !== "number" && a.key === b.key;
}
