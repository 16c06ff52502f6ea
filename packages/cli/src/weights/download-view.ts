/** What a download tells the user, on stderr: one line when it begins, a bar at a terminal, retries and fallbacks. */
import type { FetchEvent } from "@btp/weights-gpt2";
import type { CliContext } from "../context.js";
import { type Progress, startProgress } from "../progress.js";

export interface DownloadView {
  readonly onEvent: (event: FetchEvent) => void;
  stop(): void;
}

export async function createDownloadView(context: CliContext): Promise<DownloadView> {
  const { formatBytes } = await import("@btp/weights-gpt2");
  let bar: { readonly file: string; readonly progress: Promise<Progress> } | undefined;
  const tell = (text: string) => void context.stderr.write(`${text}\n`);
  const stop = () => {
    void bar?.progress.then((progress) => progress.stop());
    bar = undefined;
  };
  return {
    stop,
    onEvent(event) {
      switch (event.kind) {
        case "start":
          return tell(event.text);
        case "waiting":
          return tell(`Another process is downloading ${event.model}; waiting for it.`);
        case "retry":
          return tell(`${event.file}: ${event.reason}; trying again in ${Math.ceil(event.delayMs / 1000)} s`);
        case "fallback":
          return tell(`${event.from}: ${event.reason}\nTrying ${event.to}.`);
        case "done":
          stop();
          return tell(`${event.model}: ${formatBytes(event.bytes)} in ${event.folder}`);
        case "progress": {
          if (bar?.file !== event.file) {
            stop();
            bar = {
              file: event.file,
              progress: startProgress(event.totalBytes ?? event.receivedBytes, context),
            };
          }
          const note = `${event.file} ${formatBytes(event.receivedBytes)}, ${formatBytes(event.bytesPerSecond)}/s`;
          void bar.progress.then((progress) => progress.update(event.receivedBytes, note));
        }
      }
    },
  };
}
