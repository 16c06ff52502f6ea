/** The detector module that workers load unless they are told another: @btp/detector's. */
import { type Detector, loadDetector } from "@btp/detector";
import type { WorkerSetup } from "./protocol.js";

export function load(
  directory: string,
  options: Pick<WorkerSetup, "engine" | "threads" | "precision">,
): Promise<Detector> {
  // The process that speaks HTTP and other workers want the processor that a waiting thread would burn.
  return loadDetector(directory, { ...options, spin: false });
}
