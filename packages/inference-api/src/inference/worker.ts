/**
 * Entry of a worker process: loads one detector, answers batches over IPC. Not imported by anything: forked by
 * worker-process.ts, from dist (Node cannot fork TypeScript).
 * A process and not a thread, because ONNX Runtime blocks its thread and a thread killed inside it aborts everything.
 */
import type { Detector } from "@btp/detector";
import type { FromWorker, ToWorker, WorkerSetup } from "./protocol.js";

/** What a detector module exports. */
export interface DetectorModule {
  load(directory: string, options: Pick<WorkerSetup, "engine" | "threads" | "precision">): Promise<Detector>;
}

function isDetectorModule(module: unknown): module is DetectorModule {
  return typeof module === "object" && module !== null && typeof Reflect.get(module, "load") === "function";
}

function send(message: FromWorker): void {
  // The parent may die between two lines; then `disconnect` ends this process.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "UNKNOWN";
}

let detector: Detector | undefined;

async function load(setup: WorkerSetup): Promise<void> {
  try {
    const module: unknown = await import(setup.detectorModule);
    if (!isDetectorModule(module))
      throw new TypeError("the detector module must export load(directory, options)");
    detector = await module.load(setup.directory, {
      ...(setup.engine === undefined ? {} : { engine: setup.engine }),
      ...(setup.threads === undefined ? {} : { threads: setup.threads }),
      ...(setup.precision === undefined ? {} : { precision: setup.precision }),
    });
    // The first run allocates and plans: it belongs to starting, not to somebody's request.
    await detector.detect(["warm up"]);
    send({ type: "ready", info: detector.info });
  } catch (error) {
    send({
      type: "load-failed",
      code: codeOf(error),
      message: error instanceof Error ? error.message : String(error),
    });
  }
}

async function detect(id: number, texts: readonly string[]): Promise<void> {
  try {
    if (detector === undefined) throw new TypeError("asked to detect before the detector was loaded");
    const start = performance.now();
    let tokenizationMs: number | undefined;
    const onTokenized = (milliseconds: number): void => {
      tokenizationMs = milliseconds;
    };
    const detections = await detector.detect(texts, { onTokenized });
    const totalMs = performance.now() - start;
    const timings = tokenizationMs === undefined ? { totalMs } : { totalMs, tokenizationMs };
    send({ type: "result", id, detections, timings });
  } catch (error) {
    // Only the code: a message might quote the text.
    send({ type: "failed", id, code: codeOf(error) });
  }
}

process.on("message", (message: ToWorker) => {
  void (message.type === "load" ? load(message) : detect(message.id, message.texts));
});
// The parent decides when to stop: a terminal's Ctrl-C reaches the whole group, and work in flight must be finished.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("SIGHUP", () => {});
// No orphans: without a parent there is nobody to answer.
process.on("disconnect", () => process.exit(0));
