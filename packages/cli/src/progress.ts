/** A progress bar on stderr, only at a terminal: in logs and pipes it would be noise. */
import type { CliContext } from "./context.js";

export interface Progress {
  /** @param done - in the unit of `total`  @param note - shown behind the bar */
  update(done: number, note: string): void;
  stop(): void;
}

const silent: Progress = { update: () => {}, stop: () => {} };

export async function startProgress(total: number, context: CliContext): Promise<Progress> {
  if (context.stderr.isTTY !== true || context.env.CI !== undefined) return silent;
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    stream: context.stderr,
    format: "{bar} {percentage}% | {note} | {eta_formatted} left",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    fps: 5,
  });
  bar.start(total, 0, { note: "" });
  return {
    update: (done, note) => bar.update(Math.min(done, total), { note }),
    stop: () => bar.stop(),
  };
}
