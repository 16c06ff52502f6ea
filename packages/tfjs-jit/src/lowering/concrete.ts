/** Shapes while recording are numbers: the placeholder sizes of symbolic dimensions. */

import { JitError } from "../errors.js";
import { isSymbolic } from "../graph/extent.js";
import type { ValueType } from "../graph/graph.js";

export function concreteShape(value: ValueType): number[] {
  return value.shape.map((extent) => {
    if (isSymbolic(extent)) throw new JitError("INVALID_GRAPH", "a symbolic size while recording");
    return extent;
  });
}
