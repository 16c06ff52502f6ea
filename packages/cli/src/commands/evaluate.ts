/** `btp-cli evaluate`: a detector measured on labelled messages. The work is in evaluate/. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { columnOptions } from "../dataset/read-dataset.js";
import type { EvaluateOptions } from "../evaluate/evaluate.js";
import { exitCodeHelp } from "../exit-codes.js";
import { overwriteOption } from "../refuse-to-overwrite.js";
import {
  engineOption,
  jsonOption,
  modelOption,
  numberBetween,
  precisionOption,
  threadsOption,
  wholeNumber,
} from "../shared-options.js";

export function createCommand(context: CliContext): Command {
  const command = new Command("evaluate")
    .description(
      "Measure a detector on labelled messages: accuracy, precision, recall, F1, ROC-AUC, PR-AUC, calibration, the confusion matrix and what other thresholds would do, each figure with a bootstrap interval.",
    )
    .argument("<csv>", "file with the messages and their labels")
    .addOption(modelOption());
  for (const option of columnOptions()) command.addOption(option);
  return command
    .addOption(new Option("--by <column>", "figures by kind of message, too: this column says which it is"))
    .addOption(
      new Option("--threshold <score>", "judge by this threshold (default: the detector's own)").argParser(
        numberBetween(0, 1),
      ),
    )
    .addOption(
      new Option("--bootstrap <count>", "resamples behind the intervals; 0 for none")
        .argParser(wholeNumber(0, 100_000))
        .default(1000),
    )
    .addOption(
      new Option("--seed <number>", "of the bootstrap").argParser(wholeNumber(0, 2 ** 32 - 1)).default(1),
    )
    .addOption(
      new Option(
        "--plots <dir>",
        "write ROC, precision-recall, reliability and confusion plots there (PNG and SVG)",
      ),
    )
    .addOption(overwriteOption())
    .addOption(jsonOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addHelpText(
      "after",
      `
Rows that cannot be read are reported with their line and left out.
The messages must not have been trained on: \`btp-cli dataset stats train.csv --against test.csv\` finds repeats.
${exitCodeHelp("done, also where rows were left out")}

Examples:
  $ btp-cli evaluate validation.csv
  $ btp-cli evaluate test.csv --model models/my-detector --plots plots
  $ btp-cli evaluate test_suite_cases.csv --preset hatecheck
  $ btp-cli evaluate datasets/functional/cases.csv --by Function
  $ btp-cli evaluate test.csv --json > figures.json`,
    )
    .action(async (csv: string, options: EvaluateOptions) => {
      const { evaluate } = await import("../evaluate/evaluate.js");
      await evaluate(csv, options, context);
    });
}
