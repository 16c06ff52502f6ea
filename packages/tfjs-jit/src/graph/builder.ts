/** Adds nodes to a graph under construction, inferring and so checking the type of every value. */
import type { HostTensor } from "../host-tensor.js";
import type { Extent } from "./extent.js";
import type {
  AnyNode,
  BinaryFunction,
  CompareFunction,
  ElementType,
  Graph,
  GraphInput,
  Node,
  OpAttributes,
  OpName,
  ReduceFunction,
  UnaryFunction,
  Value,
  ValueType,
} from "./graph.js";
import { OPS } from "./ops/table.js";

/** `GraphInput` before it has a value. */
export type InputDeclaration = GraphInput extends infer I
  ? I extends unknown
    ? Omit<I, "value">
    : never
  : never;

export class GraphBuilder {
  /** Kernel that is being lowered: noted on every node, for errors and profiles. */
  source = "";
  private nextId = 0;
  private readonly inputs: GraphInput[] = [];
  private readonly nodes: AnyNode[] = [];
  private readonly producers = new Map<number, AnyNode>();

  input(type: ValueType, declaration: InputDeclaration): Value {
    const value = this.value(type);
    this.inputs.push({ ...declaration, value } as GraphInput);
    return value;
  }

  add<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[] {
    const types = OPS[op].infer(inputs, attributes);
    const node: Node<K> = {
      op,
      attributes,
      inputs,
      outputs: types.map((type) => this.value(type)),
      source: this.source,
    };
    this.nodes.push(node as AnyNode);
    for (const output of node.outputs) this.producers.set(output.id, node as AnyNode);
    return node.outputs;
  }

  /** As `add`, for an operator with one result. */
  add1<K extends OpName>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): Value {
    return this.add(op, inputs, attributes)[0]!;
  }

  /** The node that makes a value; undefined for an input. */
  producer(value: Value): AnyNode | undefined {
    return this.producers.get(value.id);
  }

  finish(outputs: readonly Value[]): Graph {
    return { inputs: [...this.inputs], nodes: [...this.nodes], outputs };
  }

  unary(fn: UnaryFunction, x: Value): Value {
    return this.add1("Unary", [x], { fn });
  }

  binary(fn: BinaryFunction, a: Value, b: Value): Value {
    return this.add1("Binary", [a, b], { fn });
  }

  compare(fn: CompareFunction, a: Value, b: Value): Value {
    return this.add1("Compare", [a, b], { fn });
  }

  where(condition: Value, then: Value, otherwise: Value): Value {
    return this.add1("Where", [condition, then, otherwise], {});
  }

  reduce(fn: ReduceFunction, x: Value, axes: readonly number[], keepDims = false): Value {
    return axes.length === 0 ? x : this.add1("Reduce", [x], { fn, axes, keepDims });
  }

  cast(x: Value, to: ElementType): Value {
    return x.dtype === to ? x : this.add1("Cast", [x], { to });
  }

  reshape(x: Value, shape: readonly Extent[]): Value {
    return this.add1("Reshape", [x], { shape });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return perm.every((from, to) => from === to) ? x : this.add1("Transpose", [x], { perm });
  }

  constant(tensor: HostTensor): Value {
    return this.add1("Constant", [], { tensor });
  }

  /** A constant of rank 0. */
  scalar(value: number, dtype: "float32" | "int32" | "bool" = "float32"): Value {
    const data =
      dtype === "float32"
        ? Float32Array.of(value)
        : dtype === "int32"
          ? Int32Array.of(value)
          : Uint8Array.of(value);
    return this.constant({ dtype, shape: [], data });
  }

  private value(type: ValueType): Value {
    return { id: this.nextId++, dtype: type.dtype, shape: type.shape };
  }
}
