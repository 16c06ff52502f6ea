/** `btp-cli export onnx`: a detector as one file for other runtimes. The work is in export/ and @btp/detector. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";
import type { ExportOnnxOptions } from "../export/export-onnx.js";
import { overwriteOption } from "../refuse-to-overwrite.js";
import { jsonOption, modelOption } from "../shared-options.js";

export function createCommand(context: CliContext): Command {
  const command = new Command("export")
    .description("Write a detector in the form of another runtime.")
    .addHelpText(
      "after",
      `\n${exitCodeHelp()}\n\nExamples:\n  $ btp-cli export onnx --model models/my-detector --out detector.onnx`,
    );
  command.addCommand(
    new Command("onnx")
      .description(
        "Write a detector as an ONNX model, for ONNX Runtime in Python, browsers, C#, Java and others: token ids and mask in, the score out.",
      )
      .addOption(modelOption())
      .addOption(new Option("--out <file>", "the ONNX file to write").makeOptionMandatory())
      .addOption(
        new Option(
          "--precision <name>",
          "fp32: the same scores, ONNX's own operators only; int8: a quarter of the size, for ONNX Runtime",
        )
          .choices(["fp32", "int8"])
          .default("fp32"),
      )
      .addOption(
        new Option(
          "--calibration <file>",
          "with int8: typical messages (CSV, JSONL or TXT) to measure it on (default: a few of our own)",
        ),
      )
      .addOption(
        new Option(
          "--text-column <name>",
          "with --calibration: the CSV column of the message (default: Text) or its JSON key (default: text, message, ...)",
        ),
      )
      .addOption(
        new Option(
          "--delimiter <character>",
          "with --calibration: between the columns of a CSV; `tab` for a tabulator (default: ,)",
        ),
      )
      .addOption(overwriteOption())
      .addOption(jsonOption())
      .addHelpText(
        "after",
        `
Labels, threshold, temperature, tokenizer and the hash of the detector are in the file's metadata; docs/export.md
describes them and shows how to run the file in Python and in a browser.
${exitCodeHelp()}

Examples:
  $ btp-cli export onnx --model models/my-detector --out detector.onnx
  $ btp-cli export onnx --out small.onnx --precision int8 --calibration validation.csv`,
      )
      .action(async (options: ExportOnnxOptions) => {
        const { exportOnnxModel } = await import("../export/export-onnx.js");
        await exportOnnxModel(options, context);
      }),
  );
  return command;
}
