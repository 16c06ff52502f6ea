/** What `ops/` has to say of an operator, and the shape rules that several of them share. */
import { JitError } from "../../errors.js";
import type { NodeEncoder } from "../../onnx/node-encoder.js";
import { type Extent, extentKey, sameExtent, shapeKey } from "../extent.js";
import type { Node, OpAttributes, OpName, Value, ValueType } from "../graph.js";

export interface OpDefinition<K extends OpName> {
  /** Types of the results. @throws {JitError} INVALID_GRAPH when the inputs do not fit */
  infer(inputs: readonly ValueType[], attributes: OpAttributes[K]): readonly ValueType[];
  /** Writes the node as ONNX. */
  encode(node: Node<K>, encoder: NodeEncoder): void;
  /** Attributes that may hold symbolic sizes. */
  readonly symbolic?: readonly (keyof OpAttributes[K])[];
}

export function invalid(message: string): never {
  throw new JitError("INVALID_GRAPH", message);
}

export function inputAt(inputs: readonly ValueType[], index: number): ValueType {
  return inputs[index] ?? invalid(`input ${index} is missing`);
}

export function broadcastShapes(a: readonly Extent[], b: readonly Extent[]): Extent[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === 1) return y;
    if (y === 1 || sameExtent(x, y)) return x;
    return invalid(`shapes ${shapeKey(a)} and ${shapeKey(b)} do not broadcast`);
  });
}

export function checkAxis(axis: number, rank: number): number {
  return Number.isInteger(axis) && axis >= 0 && axis < rank ? axis : invalid(`axis ${axis} of rank ${rank}`);
}

export function requireSame(a: Extent, b: Extent, what: string): void {
  if (!sameExtent(a, b)) invalid(`${what}: ${extentKey(a)} differs from ${extentKey(b)}`);
}

export function requireType(value: ValueType, ...allowed: readonly string[]): void {
  if (!allowed.includes(value.dtype)) invalid(`expected ${allowed.join(" or ")}, but got ${value.dtype}`);
}

export function firstOutput(node: { readonly outputs: readonly Value[] }): Value {
  return node.outputs[0] ?? invalid("a node without outputs");
}
