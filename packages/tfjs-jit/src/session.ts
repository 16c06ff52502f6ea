/**
 * The only file that touches onnxruntime-node: makes a session of an encoded model, runs it on host tensors.
 * `run` blocks its thread from the next turn of the event loop until the model is done, and a worker thread that is
 * terminated meanwhile takes the whole process with it (see README): wait for running calls before ending a worker.
 */
import ort from "onnxruntime-node";
import { allocate } from "./arguments.js";
import { JitError } from "./errors.js";
import type { DataType, HostTensor } from "./host-tensor.js";
import type { EncodedModel } from "./onnx/encode-model.js";

export interface SessionOptions {
  readonly threads: number;
  /** Whether threads wait actively for work. */
  readonly spin: boolean;
  /** Name of the program in errors. */
  readonly name: string;
  /** Prefix of a file to which ONNX Runtime writes timings of every operator when the session ends. */
  readonly profileTo?: string;
}

export interface Session {
  /**
   * @param inputs - in the order of the model's inputs
   * @param into - for each output an array to write to, or undefined for a new one
   * @returns the outputs in order; those without `into` belong to the caller
   */
  run(
    inputs: readonly HostTensor[],
    into: readonly (HostTensor | undefined)[],
  ): Promise<readonly HostTensor[]>;
  dispose(): Promise<void>;
}

/**
 * Since 1.29 ONNX Runtime's own binaries write a device id under ~/.cache/Microsoft and report events of every session
 * to Microsoft, unless this variable is set before the first session (microsoft/onnxruntime#27379). What users of this
 * library judge or train is nobody's business, so it is off; whoever wants it sets the variable to 0.
 */
function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}

/** @throws {JitError} RUNTIME_FAILED */
export async function createSession(model: EncodedModel, options: SessionOptions): Promise<Session> {
  refuseTelemetry();
  const session = await openSession(model, options);
  const { inputNames, outputNames, fixed } = model;
  return callsOf(session, { inputNames, outputNames, fixed }, options);
}

function openSession(model: EncodedModel, options: SessionOptions): Promise<ort.InferenceSession> {
  return attempt(options.name, "did not accept the model", () =>
    ort.InferenceSession.create(model.bytes, {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      ...(options.spin ? {} : { extra: { session: { intra_op: { allow_spinning: "0" } } } }),
      graphOptimizationLevel: "all",
      // A plan of all memory for every set of sizes that comes costs more than it saves where sizes vary: fine-tuning the
      // 124M shape took 4.6 GB with it and 2.9 GB without, at a third of the speed.
      enableMemPattern: false,
      externalData: model.external.map(({ path, data }) => ({ path, data })),
      ...(options.profileTo === undefined
        ? {}
        : { enableProfiling: true, profileFilePrefix: options.profileTo }),
    }),
  );
}

/** Apart from where the session is made, so that nothing holds on to the model: the runtime has its own copy of the weights. */
function callsOf(
  session: ort.InferenceSession,
  { inputNames, outputNames, fixed }: Pick<EncodedModel, "inputNames" | "outputNames" | "fixed">,
  options: SessionOptions,
): Session {
  return {
    async run(inputs, into) {
      const feeds: Record<string, ort.Tensor> = {};
      inputNames.forEach((name, i) => {
        feeds[name] = toOrt(inputs[i]!);
      });
      for (const [name, tensor] of fixed) feeds[name] = toOrt(tensor);
      const fetches: Record<string, ort.Tensor | null> = {};
      outputNames.forEach((name, i) => {
        const target = into[i];
        fetches[name] = target === undefined ? null : toOrt(target);
      });
      const results = await attempt(options.name, "failed while running", () => session.run(feeds, fetches));
      return outputNames.map((name, i) => into[i] ?? fromOrt(results[name]!));
    },
    async dispose() {
      if (options.profileTo !== undefined) session.endProfiling();
      await session.release();
    },
  };
}

async function attempt<R>(name: string, what: string, f: () => Promise<R>): Promise<R> {
  try {
    return await f();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new JitError("RUNTIME_FAILED", `${name}: ONNX Runtime ${what}: ${message}`, { cause: error });
  }
}

function toOrt(tensor: HostTensor): ort.Tensor {
  return new ort.Tensor(tensor.dtype, tensor.data, tensor.shape);
}

function fromOrt(tensor: ort.Tensor): HostTensor {
  const dtype = tensor.type as DataType;
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) {
    return { dtype, shape: tensor.dims, data };
  }
  return { dtype, shape: tensor.dims, data: allocate(dtype, 0) };
}
