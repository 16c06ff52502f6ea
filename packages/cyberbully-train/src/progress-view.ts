/** What a run tells, at a terminal: one bar for whatever is going on, sentences above it. Elsewhere the sentences alone. */
import type { Writable } from "node:stream";
import cliProgress from "cli-progress";
import type { TrainEvent } from "./run/progress.js";
import { describeEvaluation } from "./run/tally.js";

export class ProgressView {
  private readonly stderr: Writable & { readonly isTTY?: boolean };
  private bar: cliProgress.SingleBar | undefined;
  private barKind: TrainEvent["kind"] | undefined;

  constructor(stderr: Writable & { readonly isTTY?: boolean }) {
    this.stderr = stderr;
  }

  show(event: TrainEvent): void {
    switch (event.kind) {
      case "note":
        this.print(event.text);
        break;
      case "download":
        this.advance(event.kind, event.receivedBytes, event.totalBytes ?? event.receivedBytes, {
          text: `${event.file}  ${(event.bytesPerSecond / 1e6).toFixed(1)} MB/s`,
          left: duration(event.secondsLeft ?? Number.NaN),
        });
        break;
      case "features":
        this.advance(event.kind, event.done, event.total, {
          text: `frozen blocks  ${event.messagesPerSecond.toFixed(0)} messages/s`,
          left: duration((event.total - event.done) / Math.max(event.messagesPerSecond, 1e-9)),
        });
        break;
      case "step":
        this.advance(event.kind, event.step, event.totalSteps, {
          text: `epoch ${event.epoch.toFixed(1)}/${event.epochs}  loss ${event.loss.toFixed(4)}  ${event.messagesPerSecond.toFixed(0)} messages/s`,
          left: duration(event.secondsLeft),
        });
        break;
      case "update":
        this.advance(event.kind, event.done, event.total, {
          text: event.text,
          left: duration(event.secondsLeft),
        });
        break;
      case "evaluation":
        this.print(describeEvaluation(event.record, event.best));
        break;
      case "checkpoint":
        break;
    }
  }

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private print(text: string): void {
    const hadBar = this.bar !== undefined;
    this.stop();
    if (hadBar) this.stderr.write("\u001b[1A\u001b[2K"); // the bar's last state stays on its line otherwise
    this.stderr.write(`${text}\n`);
  }

  private advance(kind: TrainEvent["kind"], done: number, total: number, payload: object): void {
    if (this.stderr.isTTY !== true) return;
    if (this.barKind !== kind) this.stop();
    if (this.bar === undefined) {
      this.bar = new cliProgress.SingleBar(
        {
          format: "[{bar}] {percentage}%  {text}  {left} left",
          stream: this.stderr,
          barsize: 24,
          hideCursor: true,
        },
        cliProgress.Presets.legacy,
      );
      this.barKind = kind;
      this.bar.start(total, done, payload);
    }
    this.bar.update(done, payload);
  }
}

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
