/** `btp-cli predict`: options and their meaning. The work is in predict/. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { presetNames } from "../dataset/presets.js";
import { exitCodeHelp, UsageError } from "../exit-codes.js";
import type { FileOptions, FilePlan } from "../predict/file-plan.js";
import type { PredictorOptions } from "../predict/predictor.js";
import { overwriteOption } from "../refuse-to-overwrite.js";
import {
  engineOption,
  jsonOption,
  modelOption,
  numberBetween,
  precisionOption,
  threadsOption,
} from "../shared-options.js";

type PredictOptions = PredictorOptions & Partial<FileOptions>;

export function createCommand(context: CliContext): Command {
  return new Command("predict")
    .description(
      "Classify messages. Each argument is one message; without arguments the lines of a pipe are, or what is typed at a terminal.",
    )
    .argument("[text...]", "messages; quote those with spaces")
    .addOption(modelOption())
    .addOption(new Option("--file <path>", "classify the messages of a CSV, JSONL or TXT file"))
    .addOption(
      new Option("--out <path>", "with --file: write results here; .csv, .jsonl or .txt (default: stdout)"),
    )
    .addOption(overwriteOption("with --out: replace what is there"))
    .addOption(
      new Option("--format <name>", "with --file: its format, if its name does not tell").choices([
        "csv",
        "jsonl",
        "txt",
      ]),
    )
    .addOption(
      new Option(
        "--text-column <name>",
        "with --file: the CSV column of the message (default: Text) or its JSON key (default: text, message, ...)",
      ),
    )
    .addOption(
      new Option(
        "--delimiter <character>",
        "with --file: between the columns of a CSV; `tab` for a tabulator (default: ,)",
      ),
    )
    .addOption(
      new Option(
        "--preset <name>",
        "with --file: column and format of a public data set; `dataset sources` tells of each",
      ).choices(presetNames),
    )
    .addOption(
      new Option(
        "--threshold <score>",
        "count scores from here on as cyberbullying (default: the detector's own)",
      ).argParser(numberBetween(0, 1)),
    )
    .addOption(new Option("--explain", "show which words moved the score, by leaving out each in turn"))
    .addOption(jsonOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .addHelpText(
      "after",
      `
The number is the confidence in the label: 0.5 at the threshold, 1 at certainty.
A message longer than the detector reads is judged by its beginning, with a notice.
One that is empty or shows nothing but white space is not cyberbullying: score 0, confidence 1.
Files and pipes are read as UTF-8. Rows that cannot be read are reported with their line and left out.
${exitCodeHelp("done", "failed or rows were left out")}

Examples:
  $ btp-cli predict "You are so stupid!"
  $ btp-cli predict                              a conversation; quit leaves
  $ cat chat.txt | btp-cli predict --json        one object a line
  $ btp-cli predict --file in.csv --out out.csv  the same table with columns added
  $ btp-cli predict --explain "nobody likes you, idiot"`,
    )
    .action(async (texts: string[], options: PredictOptions) => {
      context.exitCode = await predict(texts, options, context);
    });
}

async function predict(
  texts: readonly string[],
  options: PredictOptions,
  context: CliContext,
): Promise<number> {
  const { file } = options;
  if (file !== undefined && texts.length > 0) throw new UsageError("Give messages or --file, not both.");
  if (file === undefined) refuseWithoutFile(options);
  const plan = file === undefined ? undefined : await readPlan({ ...options, file }, context);
  const { createPredictor } = await import("../predict/predictor.js");
  const predictor = await createPredictor(options, context);
  try {
    if (plan) {
      const { predictFile } = await import("../predict/predict-file.js");
      return await predictFile(plan, predictor, context);
    }
    const { predictInteractively, predictPipe, predictTexts } = await import("../predict/predict-texts.js");
    if (texts.length > 0) return await predictTexts(texts, predictor, options, context);
    if (context.stdin.isTTY) return await predictInteractively(predictor, options, context);
    return await predictPipe(predictor, options, context);
  } finally {
    await predictor.dispose();
  }
}

/** Before a model is loaded, and without loading what reads tables where there is none. */
async function readPlan(options: FileOptions, { cwd }: CliContext): Promise<FilePlan> {
  const { planFile } = await import("../predict/file-plan.js");
  return planFile(options, cwd);
}

function refuseWithoutFile({ out, overwrite, format, textColumn, delimiter, preset }: PredictOptions): void {
  const given = Object.entries({
    "--out": out,
    "--overwrite": overwrite,
    "--format": format,
    "--text-column": textColumn,
    "--delimiter": delimiter,
    "--preset": preset,
  });
  const stray = given.find(([, value]) => value !== undefined);
  if (stray) throw new UsageError(`${stray[0]} needs --file.`);
}
