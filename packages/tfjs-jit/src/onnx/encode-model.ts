/**
 * Writes a graph as an ONNX model (opset 21 and com.microsoft). Small constants go inside; large ones stay where they
 * are and are handed to the runtime beside the model, so that a model of any size needs no copy and meets no limit of
 * 2 GB. Field numbers: onnx.proto3 (onnx/onnx, release 1.17).
 */
import { type Extent, extentKey, isSymbolic } from "../graph/extent.js";
import type { ElementType, Graph, Value } from "../graph/graph.js";
import type { OpDefinition } from "../graph/ops/definition.js";
import { OPS } from "../graph/ops/table.js";
import type { HostTensor } from "../host-tensor.js";
import {
  type InitializerData,
  type InitializerType,
  MICROSOFT,
  type NodeEncoder,
  type OnnxAttribute,
} from "./node-encoder.js";
import { ATTRIBUTE_TYPE, DATA_TYPE, EXTERNAL } from "./onnx-enums.js";
import { WireWriter } from "./wire.js";

/** Version 10 came with opset 21 (onnx/onnx docs/Versioning.md), the first whose QuantizeLinear has a scale a block. */
const IR_VERSION = 10;
const OPSET = 21;
/** Constants of more bytes than this are not copied into the model. */
const INLINE_BYTES = 4096;

/** ONNX Runtime refuses single tensors of 2 GB and more unless they are in a file. */
const MAX_INITIALIZER_BYTES = 2 ** 31 - 1;

export interface ExternalTensor {
  /** Stands for a file name in the model. */
  readonly path: string;
  readonly data: Uint8Array;
}

export interface EncodedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly external: readonly ExternalTensor[];
  /** Names of the graph's inputs that are fed at each run (constants are not), in order. */
  readonly inputNames: readonly string[];
  /** Constants too large for one initializer: inputs that get the same value at each run, by name. */
  readonly fixed: ReadonlyMap<string, HostTensor>;
  /** Names of the graph's outputs, in order. */
  readonly outputNames: readonly string[];
}

/** @param constants - values of the inputs of role `constant`, by value id */
export function encodeModel(graph: Graph, constants: ReadonlyMap<number, HostTensor>): EncodedModel {
  return new ModelEncoder(graph, constants).encode();
}

class ModelEncoder implements NodeEncoder {
  private readonly nodes: Uint8Array[] = [];
  private readonly initializers: Uint8Array[] = [];
  private readonly external: ExternalTensor[] = [];
  private readonly shared = new Map<string, string>();
  private readonly graph: Graph;
  private readonly constants: ReadonlyMap<number, HostTensor>;
  private next = 0;

  constructor(graph: Graph, constants: ReadonlyMap<number, HostTensor>) {
    this.graph = graph;
    this.constants = constants;
  }

  encode(): EncodedModel {
    const fed = this.graph.inputs.filter(({ role }) => role !== "constant");
    const fixed = new Map<string, HostTensor>();
    const signature = [...fed];
    for (const input of this.graph.inputs) {
      const { value, role } = input;
      if (role !== "constant") continue;
      const tensor = this.constants.get(value.id)!;
      const { dtype, shape, data } = tensor;
      if (data.byteLength > MAX_INITIALIZER_BYTES) {
        fixed.set(this.name(value), tensor);
        signature.push(input);
      } else this.initialize(this.name(value), dtype, shape, data);
    }
    for (const node of this.graph.nodes) {
      if (node.op === "Constant") {
        const { dtype, shape, data } = node.attributes.tensor;
        this.initialize(this.name(node.outputs[0]!), dtype, shape, data);
        continue;
      }
      const definition: OpDefinition<never> = OPS[node.op] as OpDefinition<never>;
      definition.encode(node as never, this);
    }
    const outputNames = this.nameOutputs();
    const graphBytes = new WireWriter();
    for (const node of this.nodes) graphBytes.bytes(1, node);
    graphBytes.string(2, "tfjs-jit");
    for (const tensor of this.initializers) graphBytes.bytes(5, tensor);
    for (const { value } of signature) graphBytes.message(11, (w) => valueInfo(w, this.name(value), value));
    for (const [i, value] of this.graph.outputs.entries()) {
      graphBytes.message(12, (w) => valueInfo(w, outputNames[i]!, value));
    }
    const model = new WireWriter()
      .varint(1, IR_VERSION)
      .string(2, "tfjs-jit")
      .bytes(7, graphBytes.finish())
      .message(8, (w) => w.string(1, "").varint(2, OPSET))
      .message(8, (w) => w.string(1, MICROSOFT).varint(2, 1));
    return {
      bytes: model.finish(),
      external: this.external,
      inputNames: fed.map(({ value }) => this.name(value)),
      fixed,
      outputNames,
    };
  }

  /** A node's result is an output under its own name; an input, a constant or what is given twice is copied. */
  private nameOutputs(): string[] {
    const taken = new Set(this.graph.inputs.map(({ value }) => value.id));
    for (const node of this.graph.nodes) if (node.op === "Constant") taken.add(node.outputs[0]!.id);
    return this.graph.outputs.map((value, i) => {
      const name = taken.has(value.id) ? `out${i}` : this.name(value);
      if (taken.has(value.id)) this.add("Identity", [this.name(value)], [name]);
      taken.add(value.id);
      return name;
    });
  }

  name(value: Value): string {
    return `v${value.id}`;
  }

  temporary(): string {
    return `t${this.next++}`;
  }

  add(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): void {
    const writer = new WireWriter();
    for (const input of inputs) writer.string(1, input);
    for (const output of outputs) writer.string(2, output);
    writer.string(3, `${type}_${this.nodes.length}`).string(4, type);
    for (const [name, value] of Object.entries(attributes))
      writer.message(5, (w) => attribute(w, name, value));
    if (domain !== "") writer.string(7, domain);
    this.nodes.push(writer.finish());
  }

  constant(dtype: ElementType, values: number | readonly number[]): string {
    return this.once(`${dtype}:${JSON.stringify(values)}:${Object.is(values, -0)}`, (name) => {
      const list = typeof values === "number" ? [values] : values;
      const bytes = new Uint8Array(packed(dtype, list).buffer);
      this.initializers.push(
        tensorProto(name, dtype, typeof values === "number" ? [] : [list.length], bytes),
      );
    });
  }

  extents(extents: readonly Extent[]): string {
    if (extents.every((extent): extent is number => !isSymbolic(extent)))
      return this.constant("int64", extents);
    if (extents.length === 1) return this.extent(extents[0]!);
    return this.once(`[${extents.map(extentKey).join()}]`, (name) => {
      this.add(
        "Concat",
        extents.map((extent) => this.extent(extent)),
        [name],
        { axis: 0 },
      );
    });
  }

  /** One size as an int64 vector of length 1. */
  private extent(extent: Extent): string {
    if (!isSymbolic(extent)) return this.constant("int64", [extent]);
    return this.once(`(${extent.key})`, (name) => {
      const terms = [...extent.terms].map(([product, coefficient]) => {
        const factors = product
          .split("*")
          .filter(Boolean)
          .map((symbol) => this.symbol(symbol));
        if (coefficient !== 1 || factors.length === 0) factors.push(this.constant("int64", [coefficient]));
        return this.combine("Mul", factors);
      });
      this.add("Identity", [this.combine("Add", terms)], [name]);
    });
  }

  private combine(type: "Add" | "Mul", names: readonly string[]): string {
    return names.reduce((a, b) => {
      return this.once(`${type}(${a},${b})`, (name) => this.add(type, [a, b], [name]));
    });
  }

  /** The size of a symbolic dimension, taken from the first input that has it. */
  private symbol(symbolName: string): string {
    return this.once(`dim:${symbolName}`, (name) => {
      for (const { value, role } of this.graph.inputs) {
        const axis = value.shape.findIndex((extent) => extentKey(extent) === symbolName);
        if (role === "constant" || axis < 0) continue;
        this.add("Shape", [this.name(value)], [name], { start: axis, end: axis + 1 });
        return;
      }
    });
  }

  /** Writes something once and gives its name ever after. */
  private once(key: string, write: (name: string) => void): string {
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    const name = this.temporary();
    this.shared.set(key, name);
    write(name);
    return name;
  }

  initializer(dtype: InitializerType, shape: readonly number[], data: InitializerData): string {
    const name = this.temporary();
    this.initialize(name, dtype, shape, data);
    return name;
  }

  private initialize(
    name: string,
    dtype: ElementType | InitializerType,
    shape: readonly number[],
    data: ArrayBufferView,
  ): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length <= INLINE_BYTES) {
      this.initializers.push(tensorProto(name, dtype, shape, bytes));
      return;
    }
    this.external.push({ path: name, data: bytes });
    const writer = tensorHeader(dtype, shape).string(8, name);
    for (const [key, value] of [
      ["location", name],
      ["offset", "0"],
      ["length", String(bytes.length)],
    ] as const) {
      writer.message(13, (w) => w.string(1, key).string(2, value));
    }
    this.initializers.push(writer.varint(14, EXTERNAL).finish());
  }
}

function packed(
  dtype: ElementType,
  values: readonly number[],
): Float32Array | Int32Array | Uint8Array | BigInt64Array {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "bool":
      return Uint8Array.from(values);
    case "int64":
      return BigInt64Array.from(values, BigInt);
  }
}

function tensorHeader(dtype: ElementType | InitializerType, shape: readonly number[]): WireWriter {
  const writer = new WireWriter();
  for (const size of shape) writer.varint(1, size);
  return writer.varint(2, DATA_TYPE[dtype]);
}

function tensorProto(
  name: string,
  dtype: ElementType | InitializerType,
  shape: readonly number[],
  data: Uint8Array,
): Uint8Array {
  return tensorHeader(dtype, shape).string(8, name).bytes(9, data).finish();
}

function valueInfo(writer: WireWriter, name: string, value: Value): void {
  writer.string(1, name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.varint(1, DATA_TYPE[value.dtype]).message(2, (shape) => {
        for (const extent of value.shape) {
          shape.message(1, (dim) => (isSymbolic(extent) ? dim.string(2, extent.key) : dim.varint(1, extent)));
        }
      }),
    ),
  );
}

function attribute(writer: WireWriter, name: string, value: OnnxAttribute): void {
  writer.string(1, name);
  if (typeof value === "number") writer.varint(3, value).varint(20, ATTRIBUTE_TYPE.int);
  else if (typeof value === "string") {
    writer.bytes(4, new TextEncoder().encode(value)).varint(20, ATTRIBUTE_TYPE.string);
  } else if ("float" in value) writer.float(2, value.float).varint(20, ATTRIBUTE_TYPE.float);
  else {
    for (const item of value) writer.varint(8, item);
    writer.varint(20, ATTRIBUTE_TYPE.ints);
  }
}
