/** `btp-cli dataset import|split|stats|sources`: options and their meaning. The work is in dataset/. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import type { ImportOptions, SplitCommandOptions, StatsOptions } from "../dataset/dataset.js";
import { describePresets } from "../dataset/presets.js";
import { columnOptions } from "../dataset/read-dataset.js";
import { exitCodeHelp } from "../exit-codes.js";
import { overwriteOption } from "../refuse-to-overwrite.js";
import { jsonOption, numberBetween, wholeNumber } from "../shared-options.js";

export function createCommand(context: CliContext): Command {
  const command = new Command("dataset")
    .description(
      "Prepare labelled messages: bring them into one form, split them without leaks, look at them.",
    )
    .addHelpText(
      "after",
      `
${exitCodeHelp("done, also where rows were left out")}

Examples:
  $ btp-cli dataset sources                                   public data sets and where to get them
  $ btp-cli dataset import labeled_data.csv --preset davidson --dedupe --out davidson.csv
  $ btp-cli dataset split all.csv --out data --validation 0.1 --test 0.1
  $ btp-cli dataset stats validation.csv --against train.csv`,
    );
  command.addCommand(importCommand(context));
  command.addCommand(splitCommand(context));
  command.addCommand(statsCommand(context));
  command.addCommand(
    new Command("sources")
      .description("List public data sets: what they are, where to get them, how they are read.")
      .action(() => void context.stdout.write(describePresets())),
  );
  return command;
}

function importCommand(context: CliContext): Command {
  return withColumns(new Command("import"))
    .description(
      "Write a labelled file in this project's form: a CSV with the columns Text and Label (1 and 0), and the file's other columns behind them as they are.",
    )
    .argument("<file>", "CSV, or TSV with --delimiter tab")
    .requiredOption("--out <file>", "where to write it")
    .addOption(dedupeOption())
    .addOption(overwriteOption())
    .addOption(jsonOption())
    .addHelpText("after", leftOutHelp)
    .action(async (file: string, options: ImportOptions) => {
      const { importDataset } = await import("../dataset/dataset.js");
      await importDataset(file, options, context);
    });
}

function splitCommand(context: CliContext): Command {
  return withColumns(new Command("split"))
    .description(
      "Split labelled messages into train.csv, validation.csv and test.csv: the same balance in each, and copies and near copies of a message in one part only. Each part has the columns Text and Label (1 and 0), and the file's other columns behind them as they are.",
    )
    .argument("<file>", "CSV with the messages and their labels")
    .requiredOption("--out <dir>", "where to write the parts")
    .addOption(share("--validation <share>", "part of the messages to validate with", 0.1))
    .addOption(share("--test <share>", "part of the messages to test with", 0))
    .addOption(
      new Option("--seed <number>", "of the shuffling").argParser(wholeNumber(0, 2 ** 32 - 1)).default(1),
    )
    .addOption(dedupeOption())
    .addOption(overwriteOption())
    .addOption(jsonOption())
    .addHelpText("after", leftOutHelp)
    .action(async (file: string, options: SplitCommandOptions) => {
      const { splitDataset } = await import("../dataset/dataset.js");
      await splitDataset(file, options, context);
    });
}

function statsCommand(context: CliContext): Command {
  return withColumns(new Command("stats"))
    .description(
      "Describe labelled messages: balance, lengths, repeats, contradicting labels, leaks from other files.",
    )
    .argument("<file>", "CSV with the messages and their labels")
    .addOption(new Option("--against <files...>", "report which messages have a twin in these files"))
    .addOption(jsonOption())
    .addHelpText("after", leftOutHelp)
    .action(async (file: string, options: StatsOptions) => {
      const { describeDataset } = await import("../dataset/dataset.js");
      await describeDataset(file, options, context);
    });
}

const leftOutHelp = `
Rows that cannot be read are reported with their line and left out; --json counts them under leftOut.
${exitCodeHelp("done, also where rows were left out")}`;

function withColumns(command: Command): Command {
  for (const option of columnOptions()) command.addOption(option);
  return command;
}

function share(flags: string, description: string, standard: number): Option {
  return new Option(flags, description).argParser(numberBetween(0, 0.9)).default(standard);
}

function dedupeOption(): Option {
  return new Option("--dedupe", "leave out repeats, and messages that carry both labels");
}
