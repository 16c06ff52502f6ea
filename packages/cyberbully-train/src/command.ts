/**
 * `train` as a command: arguments in, exit code out. The Nx target and `btp-cli train` both call it. Progress goes to
 * stderr, as a bar at a terminal and not at all elsewhere; what was made goes to stdout.
 */
import { relative } from "node:path";
import type { Writable } from "node:stream";
import { reportError } from "./command-errors.js";
import { describeTrainOptions } from "./config/options.js";
import { readTrainArguments } from "./config/read-arguments.js";
import type { TrainedDetector } from "./output/write-detector.js";
import { ProgressView } from "./progress-view.js";
import { type TrainOptions, trainDetector } from "./train-detector.js";

export interface CommandStreams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export interface CommandOptions extends Pick<TrainOptions, "signal"> {
  /** In the help text, for example "btp-cli train". */
  readonly program?: string;
  /** In front of errors; default "cyberbully-train". */
  readonly prefix?: string;
}

/** @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by a signal after saving */
export async function runTrainCommand(
  argv: readonly string[],
  { stdout, stderr }: CommandStreams,
  { program = "train", prefix = "cyberbully-train", ...options }: CommandOptions = {},
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
    return reportError(error, stderr, prefix);
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
