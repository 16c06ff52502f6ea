/** Ctrl-C as a request: the first signal asks a long command to stop where it can go on later, the second ends it. */
import { exitCodes } from "./exit-codes.js";

export interface StopRequest {
  readonly signal: AbortSignal;
  /** Gives the signals their usual meaning back. */
  release(): void;
}

export function stopOnSignals(): StopRequest {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
