/** `btp-cli train`: the training pipeline of @btp/cyberbully-train. Its options, their checks and output are that package's. */
import { describeTrainOptions, runTrainCommand, trainOptions } from "@btp/cyberbully-train";
import { Command } from "commander";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";
import { declareOptions } from "../shared-options.js";
import { stopOnSignals } from "../stop-signal.js";

const introduction = `Usage: btp-cli train [options]

Train a detector and write it to --out: weights, configuration, metrics, plots and a model card. Without --train it
learns from the bundled synthetic sample, which is good for trying the software only. Ctrl-C saves a checkpoint from
which --resume goes on exactly.

Options:
`;

const examples = `
${exitCodeHelp()}

Examples:
  $ btp-cli train --train train.csv --validation validation.csv --out models/my-detector
  $ btp-cli train --resume --out models/my-detector                go on after an interruption
  $ btp-cli train --base gpt2 --train a.csv --validation b.csv --out models/fine-tuned
`;

export function createCommand(context: CliContext, rest: readonly string[]): Command {
  const command = new Command("train").allowUnknownOption().allowExcessArguments();
  declareOptions(command, trainOptions);
  command.helpInformation = () => `${introduction}${describeTrainOptions()}${examples}`;
  return command.action(async () => {
    const stop = stopOnSignals();
    try {
      context.exitCode = await runTrainCommand(rest, context, {
        signal: stop.signal,
        program: "btp-cli train",
        prefix: "btp-cli",
      });
    } finally {
      stop.release();
    }
  });
}
