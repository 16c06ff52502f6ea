/**
 * Writes a graph as an ONNX model (opset 21 and com.microsoft). For a session, small constants go inside; large ones stay
 * where they are and are handed to the runtime beside the model, so that a model of any size needs no copy and meets no
 * limit of 2 GB. For a file, all go inside, or into a second file. Field numbers: onnx.proto3 (onnx/onnx, release 1.17).
 */
import { type Extent, extentKey, isSymbolic } from "../graph/extent.js";
import type { ElementType, Graph, Value } from "../graph/graph.js";
import type { OpDefinition } from "../graph/ops/definition.js";
import { OPS } from "../graph/ops/table.js";
import type { HostTensor } from "../host-tensor.js";
import { attribute, packed, tensorHeader, tensorProto, valueInfo } from "./messages.js";
import {
  type InitializerData,
  type InitializerType,
  MICROSOFT,
  type NodeEncoder,
  type OnnxAttribute,
} from "./node-encoder.js";
import { EXTERNAL } from "./onnx-enums.js";
import { field, joined, paddingAfter } from "./pieces.js";
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
  const encoder = new ModelEncoder(graph, constants, {});
  return { ...encoder.encode(), bytes: joined(encoder.chunks()) };
}

export interface FileOptions {
  /** Names of the graph's fed inputs and of its outputs, in order. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly description: string;
  /** Free pairs that runtimes hand out with the model. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Name of the file for large constants; without it they go inside. */
  readonly weightsFile?: string;
}

/** A model as the pieces of one file, or of two; pieces are views of the constants, not copies. */
export interface EncodedFile {
  readonly model: readonly Uint8Array[];
  readonly weights: readonly Uint8Array[];
}

/** @param constants - as for `encodeModel` */
export function encodeFile(
  graph: Graph,
  constants: ReadonlyMap<number, HostTensor>,
  options: FileOptions,
): EncodedFile {
  const encoder = new ModelEncoder(graph, constants, options);
  const { external } = encoder.encode();
  return {
    model: encoder.chunks(),
    weights: external.flatMap(({ data }) => [data, new Uint8Array(paddingAfter(data.length))]),
  };
}

class ModelEncoder implements NodeEncoder {
  private readonly nodes: Uint8Array[] = [];
  private readonly initializers: (readonly Uint8Array[])[] = [];
  private readonly signature = new WireWriter();
  private usesMicrosoft = false;
  private weightsBytes = 0;
  private readonly external: ExternalTensor[] = [];
  private readonly shared = new Map<string, string>();
  private readonly graph: Graph;
  private readonly constants: ReadonlyMap<number, HostTensor>;
  private readonly options: Partial<FileOptions>;
  private readonly givenNames: ReadonlyMap<number, string>;
  private next = 0;

  constructor(graph: Graph, constants: ReadonlyMap<number, HostTensor>, options: Partial<FileOptions>) {
    this.graph = graph;
    this.constants = constants;
    this.options = options;
    const fed = graph.inputs.filter(({ role }) => role !== "constant");
    this.givenNames = new Map(options.inputNames?.map((name, i) => [fed[i]!.value.id, name]));
  }

  encode(): Omit<EncodedModel, "bytes"> {
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
    for (const { value } of signature) {
      this.signature.message(11, (w) => valueInfo(w, this.name(value), value));
    }
    for (const [i, value] of this.graph.outputs.entries()) {
      this.signature.message(12, (w) => valueInfo(w, outputNames[i]!, value));
    }
    return {
      external: this.external,
      inputNames: fed.map(({ value }) => this.name(value)),
      fixed,
      outputNames,
    };
  }

  /** The model's bytes, in pieces. */
  chunks(): Uint8Array[] {
    const graph = [
      ...this.nodes.flatMap((node) => field(1, [node])),
      new WireWriter().string(2, "tfjs-jit").finish(),
      ...this.initializers.flatMap((tensor) => field(5, tensor)),
      this.signature.finish(),
    ];
    const { description, metadata = {} } = this.options;
    const head = new WireWriter().varint(1, IR_VERSION).string(2, "tfjs-jit");
    if (description !== undefined) head.string(6, description);
    const tail = new WireWriter().message(8, (w) => w.string(1, "").varint(2, OPSET));
    // A session's optimizer may bring such operators in; a file names what it has.
    if (this.usesMicrosoft || this.options.inputNames === undefined)
      tail.message(8, (w) => w.string(1, MICROSOFT).varint(2, 1));
    for (const [key, value] of Object.entries(metadata)) {
      tail.message(14, (w) => w.string(1, key).string(2, value));
    }
    return [head.finish(), ...field(7, graph), tail.finish()];
  }

  /** A node's result is an output under its own name; an input, a constant or what is given twice is copied. */
  private nameOutputs(): string[] {
    const taken = new Set(this.graph.inputs.map(({ value }) => value.id));
    for (const node of this.graph.nodes) if (node.op === "Constant") taken.add(node.outputs[0]!.id);
    return this.graph.outputs.map((value, i) => {
      const given = this.options.outputNames?.[i];
      const copied = given !== undefined || taken.has(value.id);
      const name = given ?? (copied ? `out${i}` : this.name(value));
      if (copied) this.add("Identity", [this.name(value)], [name]);
      taken.add(value.id);
      return name;
    });
  }

  name(value: Value): string {
    return this.givenNames.get(value.id) ?? `v${value.id}`;
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
    this.usesMicrosoft ||= domain === MICROSOFT;
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
    const { inputNames, weightsFile } = this.options;
    const isFile = inputNames !== undefined;
    if (bytes.length <= INLINE_BYTES || (isFile && weightsFile === undefined)) {
      this.initializers.push(tensorProto(name, dtype, shape, bytes));
      return;
    }
    this.external.push({ path: name, data: bytes });
    const writer = tensorHeader(dtype, shape).string(8, name);
    for (const [key, value] of [
      ["location", weightsFile ?? name],
      ["offset", String(isFile ? this.weightsBytes : 0)],
      ["length", String(bytes.length)],
    ] as const) {
      writer.message(13, (w) => w.string(1, key).string(2, value));
    }
    this.weightsBytes += bytes.length + paddingAfter(bytes.length);
    this.initializers.push([writer.varint(14, EXTERNAL).finish()]);
  }
}
