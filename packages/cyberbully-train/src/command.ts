/**
 * `train` as a command: arguments in, exit code out. The Nx target and `btp-cli train` both call it. Progress goes to
 * stderr, as a bar at a terminal and not at all elsewhere; what was made goes to stdout.
 */
import { relative } from "node:path";
import type { Writable } from "node:stream";
import cliProgress from "cli-progress";
import { describeTrainOptions } from "./config/options.js";
import { readTrainArguments } from "./config/read-arguments.js";
import { TrainError } from "./errors.js";
import type { TrainedDetector } from "./output/write-detector.js";
import type { TrainEvent } from "./run/progress.js";
import { describeEvaluation } from "./run/tally.js";
import { type TrainOptions, trainDetector } from "./train-detector.js";

export interface CommandStreams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export interface CommandOptions extends Pick<TrainOptions, "signal"> {
  /** In the help text, for example "btp-cli train". */
  readonly program?: string;
}

/** @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by a signal after saving */
export async function runTrainCommand(
  argv: readonly string[],
  { stdout, stderr }: CommandStreams,
  { program = "train", ...options }: CommandOptions = {},
): Promise<number> {
  const view = new ProgressView(stderr);
  try {
    const config = await readTrainArguments(argv);
    if (config === undefined) {
      stdout.write(
        `Usage: ${program} [options]\n\nTrains a detector and writes it to --out.\n\n${describeTrainOptions()}`,
      );
      return 0;
    }
    const detector = await trainDetector(config, { ...options, onProgress: (event) => view.show(event) });
    view.stop();
    stdout.write(describeDetector(detector));
    return 0;
  } catch (error) {
    view.stop();
    if (!(error instanceof Error) || !("code" in error)) throw error;
    stderr.write(`${error.message}\n`);
    if (!(error instanceof TrainError)) return 1;
    if (error.code === "INTERRUPTED") return 130;
    return error.code === "BAD_OPTION" || error.code === "BAD_CONFIG" ? 2 : 1;
  }
}

function describeDetector({ directory, figures, threshold, seconds, stoppedEarly }: TrainedDetector): string {
  const folder = relative(process.cwd(), directory) || ".";
  const percent = (100 * figures.accuracy).toFixed(2);
  return (
    `Detector in ${folder}: validation accuracy ${percent} %, F1 ${figures.f1.toFixed(4)}, AUC ${figures.auc.toFixed(4)}, ` +
    `threshold ${threshold.toFixed(3)}; ${Math.round(seconds)} s${stoppedEarly ? ", stopped early" : ""}.\n`
  );
}

/** One bar for whatever is going on; sentences are printed above it. */
class ProgressView {
  private readonly stderr: CommandStreams["stderr"];
  private bar: cliProgress.SingleBar | undefined;
  private barKind: TrainEvent["kind"] | undefined;

  constructor(stderr: CommandStreams["stderr"]) {
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
