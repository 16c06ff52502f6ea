/** `distill` as a command: arguments in, exit code out. Progress goes to stderr, what was made to stdout. */
import { relative } from "node:path";
import type { CommandOptions, CommandStreams } from "../command.js";
import { reportError } from "../command-errors.js";
import { ProgressView } from "../progress-view.js";
import { describeDistillOptions, readDistillArguments } from "./distill-arguments.js";
import { distillDetector } from "./distill-detector.js";
import type { DistilledDetector } from "./write-distilled.js";

/** @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by a signal after saving */
export async function runDistillCommand(
  argv: readonly string[],
  { stdout, stderr }: CommandStreams,
  { program = "distill", prefix = "cyberbully-train", signal }: CommandOptions = {},
): Promise<number> {
  const view = new ProgressView(stderr);
  try {
    const parsed = await readDistillArguments(argv);
    if (parsed === undefined) {
      stdout.write(`Usage: ${program} --recipe FILE --out DIR [options]\n\n${describeDistillOptions()}`);
      return 0;
    }
    const { recipe, threads, maxUpdates, ...options } = parsed;
    const detector = await distillDetector(recipe, {
      ...options,
      ...(threads !== undefined && { threads }),
      ...(maxUpdates !== undefined && { maxUpdates }),
      ...(signal && { signal }),
      onProgress: (event) => view.show(event),
    });
    view.stop();
    for (const text of detector.warnings) stderr.write(`${text}\n`);
    stdout.write(describeDistilled(detector));
    return 0;
  } catch (error) {
    view.stop();
    return reportError(error, stderr, prefix);
  }
}

function describeDistilled(detector: DistilledDetector): string {
  const { directory, evaluations, threshold, temperature, seconds, tokensPerSecond } = detector;
  const folder = relative(process.cwd(), directory) || ".";
  const figures = Object.entries(evaluations).map(([name, { metrics }]) => {
    const digits = (value: number | null): string => value?.toFixed(4) ?? "-";
    return `  ${name}: accuracy ${digits(metrics.accuracy.value)}, F1 ${digits(metrics.f1.value)}, AUC ${digits(metrics.rocAuc.value)}, calibration error ${digits(metrics.ece.value)}\n`;
  });
  return (
    `Detector in ${folder}: threshold ${threshold.toFixed(3)}, temperature ${temperature.toFixed(3)}; ` +
    `${Math.round(seconds)} s of training, ${Math.round(tokensPerSecond)} tokens/s.\n${figures.join("")}`
  );
}
