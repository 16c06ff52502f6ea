/** For tests: the ONNX runtimes that are installed, behind one function. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import ort from "onnxruntime-node";

export interface OnnxRuntime {
  readonly name: string;
  /** @param ids - int32 [B, T]  @param mask - float32 [B, T]  @returns each output's numbers by name */
  run(
    model: Uint8Array,
    ids: Int32Array,
    mask: Float32Array,
    shape: readonly [number, number],
  ): Promise<Record<string, Float32Array>>;
}

type Runtime = Pick<typeof ort, "InferenceSession" | "Tensor">;

/** onnxruntime-node, and onnxruntime-web where it is installed: told on stderr where it is not. */
export async function installedRuntimes(): Promise<OnnxRuntime[]> {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  const runtimes = [wrap("onnxruntime-node", ort)];
  try {
    const path = createRequire(import.meta.url).resolve("onnxruntime-web");
    const { default: web }: { default: Runtime } = await import(pathToFileURL(path).href);
    runtimes.push(wrap("onnxruntime-web", web));
  } catch {
    process.stderr.write("onnxruntime-web is not installed: not compared\n");
  }
  return runtimes;
}

function wrap(name: string, runtime: Runtime): OnnxRuntime {
  return {
    name,
    async run(model, ids, mask, shape) {
      const session = await runtime.InferenceSession.create(model);
      const results = await session.run({
        ids: new runtime.Tensor("int32", ids, shape),
        mask: new runtime.Tensor("float32", mask, shape),
      });
      const found: Record<string, Float32Array> = {};
      for (const [output, { data }] of Object.entries(results)) {
        if (data instanceof Float32Array) found[output] = Float32Array.from(data);
      }
      await session.release();
      return found;
    },
  };
}
