/**
 * A TensorFlow.js backend that computes nothing: tensors on it stand for values of a graph under construction, and
 * every kernel adds operators to that graph. Registered once under its own name; in force only while `record` runs.
 */
import * as tf from "@tensorflow/tfjs-core";
import { allocate, sizeOf } from "../arguments.js";
import { JitError } from "../errors.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/graph.js";
import type { DataType, HostTensor } from "../host-tensor.js";
import { concreteShape } from "../lowering/concrete.js";
import { type Rule, UnsupportedUse } from "../lowering/kernels.js";
import { uniform } from "../lowering/movement.js";
import { LOWERING } from "../lowering/table.js";

export const RECORDING_BACKEND = "btp-tfjs-jit";

type DataId = object;

/** Of float32, as the CPU backend has it. */
const EPSILON = 1e-7;

class RecordingBackend extends tf.KernelBackend {
  private builder: GraphBuilder | undefined;
  /** Tensors that stand for values of the graph. */
  private values = new WeakMap<DataId, Value>();
  /** Tensors made in JavaScript while recording: they enter the graph when a kernel uses them. */
  private written = new WeakMap<DataId, HostTensor>();
  private liveIds = 0;

  begin(builder: GraphBuilder): void {
    if (this.builder !== undefined) {
      throw new JitError("INVALID_FUNCTION", "a function that is being recorded may not record another one");
    }
    this.builder = builder;
  }

  end(): void {
    this.builder = undefined;
    this.values = new WeakMap();
    this.written = new WeakMap();
  }

  /** A tensor that stands for `value`; TensorFlow.js's current scope owns it. */
  tensorOf(value: Value): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.infoOf(value));
  }

  /** The value of a tensor, which may have been made by another backend before. */
  valueFor(tensor: tf.TensorInfo): Value {
    const known = this.values.get(tensor.dataId);
    if (known !== undefined) return known;
    const builder = this.current();
    const host = this.written.get(tensor.dataId) ?? captured(tensor);
    const value = constantValue(builder, { ...host, shape: [...tensor.shape] });
    this.values.set(tensor.dataId, value);
    return value;
  }

  infoOf(value: Value): tf.TensorInfo {
    if (value.dtype === "int64") throw new JitError("INVALID_GRAPH", "an int64 value left a lowering rule");
    const dataId = {};
    this.values.set(dataId, value);
    this.liveIds++;
    return { dataId, shape: concreteShape(value), dtype: value.dtype };
  }

  /** Adds what the rule says; the kernel's name goes into every error. */
  run<I, A>(kernel: string, rule: Rule<I, A>, inputs: I, attributes: A): readonly Value[] {
    const builder = this.current();
    builder.source = kernel;
    try {
      const result = rule.lower(builder, inputs, attributes);
      return isList(result) ? result : [result];
    } catch (error) {
      throw explain(error, kernel);
    }
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const dataId = {};
    this.written.set(dataId, hostTensor(values, shape, dtype));
    this.liveIds++;
    return dataId;
  }

  override move(dataId: DataId, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    this.written.set(dataId, hostTensor(values, shape, dtype));
    this.liveIds++;
  }

  override readSync(dataId: DataId): tf.BackendValues {
    const written = this.written.get(dataId);
    if (written !== undefined) return written.data;
    const value = this.values.get(dataId);
    const node = value === undefined ? undefined : this.builder?.producer(value);
    const what = node === undefined ? "an argument" : `the result of ${node.source}`;
    throw new JitError(
      "READ_WHILE_RECORDING",
      `the function reads the value of ${what} (dataSync, data, array, arraySync, print or a test on it), ` +
        "which exists only when the compiled program runs; compute with tensor ops (tf.where instead of if), or " +
        "return the value and read it outside",
    );
  }

  override async read(dataId: DataId): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(): boolean {
    this.liveIds--;
    return true;
  }

  override refCount = (): number => 1;
  override incRef(): void {}
  override numDataIds = (): number => this.liveIds;
  override memory = () => ({ unreliable: true, reasons: ["tensors are placeholders while recording"] });
  override floatPrecision = (): 32 => 32;
  override epsilon = (): number => EPSILON;
  override timerAvailable = (): boolean => false;
  override dispose(): void {}

  private current(): GraphBuilder {
    return (
      this.builder ??
      (() => {
        throw new JitError(
          "INVALID_FUNCTION",
          "a tensor of a recorded function was used after its recording ended",
        );
      })()
    );
  }
}

function isList(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

/** The values of a tensor that lives on a real backend: a constant of the graph, not moved from where it is. */
function captured(tensor: tf.TensorInfo): HostTensor {
  return hostTensor(tf.engine().readSync(tensor.dataId), tensor.shape, tensor.dtype);
}

function hostTensor(values: tf.BackendValues, shape: readonly number[], dtype: tf.DataType): HostTensor {
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw new JitError(
      "UNSUPPORTED_KERNEL",
      `a ${dtype} tensor cannot be compiled; use float32, int32 or bool`,
    );
  }
  const data = allocate(dtype as DataType, sizeOf(shape));
  data.set(values as ArrayLike<number>);
  return { dtype, shape: [...shape], data };
}

/** Equal elements become one scalar, expanded: gradients are full of ones and zeros of the size of activations. */
function constantValue(builder: GraphBuilder, tensor: HostTensor): Value {
  const first = tensor.data[0];
  builder.source = "constant";
  if (first !== undefined && tensor.data.length > 1 && tensor.data.every((x) => x === first)) {
    return uniform(builder, first, tensor.dtype, tensor.shape);
  }
  return builder.constant(tensor);
}

function explain(error: unknown, kernel: string): unknown {
  if (error instanceof UnsupportedUse) {
    return new JitError(
      "UNSUPPORTED_KERNEL",
      `${kernel} cannot be compiled with ${error.message}; ${error.hint}`,
    );
  }
  if (error instanceof JitError && error.code === "INVALID_GRAPH") {
    return new JitError(
      "UNSUPPORTED_KERNEL",
      `${kernel} cannot be compiled with these arguments: ${error.message}; cast or reshape them first, or run this function eagerly`,
      { cause: error },
    );
  }
  return error;
}

let backend: RecordingBackend | undefined;

/** The backend, registered with TensorFlow.js at first use. */
export function recordingBackend(): RecordingBackend {
  if (backend !== undefined) return backend;
  const created = new RecordingBackend();
  // The lowest priority: it is never chosen unless asked for by name.
  tf.registerBackend(RECORDING_BACKEND, () => created, Number.MIN_SAFE_INTEGER);
  for (const [kernelName, rule] of Object.entries(LOWERING)) {
    tf.registerKernel({
      kernelName,
      backendName: RECORDING_BACKEND,
      kernelFunc({ inputs, attrs }) {
        // TensorFlow.js passes each kernel the inputs and attributes that `Kernels` declares for it.
        const untyped = rule as Rule<unknown, unknown>;
        const results = created.run(kernelName, untyped, valuesOf(created, inputs), attrs ?? {});
        const infos = results.map((value) => created.infoOf(value));
        return infos.length === 1 && !MULTIPLE.has(kernelName) ? infos[0]! : infos;
      },
    });
  }
  backend = created;
  return created;
}

/** Kernels whose result is a list, also when it has one element. */
const MULTIPLE: ReadonlySet<string> = new Set(["SplitV", "TopK", "Unpack"]);

function valuesOf(on: RecordingBackend, inputs: tf.NamedTensorInfoMap): unknown {
  if (Array.isArray(inputs)) return inputs.map((input: tf.TensorInfo) => on.valueFor(input));
  const entries = Object.entries(inputs).filter(
    (entry): entry is [string, tf.TensorInfo] => entry[1] != null,
  );
  return Object.fromEntries(entries.map(([name, input]) => [name, on.valueFor(input)]));
}
