/** `btp-cli bench`: how fast a detector is on this machine. The work is in bench/. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { counted } from "../counted.js";
import { exitCodeHelp } from "../exit-codes.js";
import type { PredictorOptions } from "../predict/predictor.js";
import {
  engineOption,
  jsonOption,
  modelOption,
  precisionOption,
  threadsOption,
  wholeNumber,
} from "../shared-options.js";

interface BenchCommandOptions extends PredictorOptions {
  readonly words: number;
  readonly rounds: number;
  readonly json?: boolean;
}

export function createCommand(context: CliContext): Command {
  return new Command("bench")
    .description(
      "Measure how fast a detector is on this machine: one message at a time and many together, tokenising included. For comparisons with PyTorch, see the packages' own `npm run bench`.",
    )
    .addOption(modelOption())
    .addOption(
      new Option("--words <count>", "words of a message").argParser(wholeNumber(1, 10_000)).default(20),
    )
    .addOption(
      new Option("--rounds <count>", "how often each batch is measured")
        .argParser(wholeNumber(1, 10_000))
        .default(30),
    )
    .addOption(jsonOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addHelpText(
      "after",
      `
Other work on the machine makes every figure worse; measure two things in turn, not one after the other.
${exitCodeHelp()}

Examples:
  $ btp-cli bench
  $ btp-cli bench --engine tfjs-cpu --rounds 5
  $ btp-cli bench --model models/my-detector --words 50 --json`,
    )
    .action(async (options: BenchCommandOptions) => {
      const { createPredictor } = await import("../predict/predictor.js");
      const { formatBench, measureDetector } = await import("../bench/bench.js");
      const { readProcessor } = await import("../doctor/processor.js");
      const predictor = await createPredictor(options, context);
      try {
        const { words, rounds } = options;
        const report = await measureDetector(predictor.detector, {
          words,
          rounds,
          now: () => performance.now(),
        });
        const processor = readProcessor();
        const machine = `${processor.model}, ${counted(processor.cores, "core")}, Node ${process.versions.node}`;
        context.stdout.write(
          options.json
            ? `${JSON.stringify({ ...report, processor })}\n`
            : `${machine}\n${formatBench(report)}`,
        );
      } finally {
        await predictor.dispose();
      }
    });
}
