/** `btp-cli weights download|verify|inspect`: options and their meaning. The work is in weights/. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";
import { jsonOption } from "../shared-options.js";
import type { DownloadOptions, FileOptions } from "../weights/weights.js";

export function createCommand(context: CliContext): Command {
  const command = new Command("weights")
    .description("GPT-2's published weights: fetch them once, check them, look into them.")
    .addHelpText(
      "after",
      `
Weights are kept in ~/.cache/btp, or where BTP_CACHE says. Behind a firewall: HF_ENDPOINT names a server with the
hub's paths, BTP_MIRROR a web folder with the files, and every command takes a folder of files in place of a
name (train: --base DIR). docs/weights.md tells how.
${exitCodeHelp()}

Examples:
  $ btp-cli weights download gpt2
  $ btp-cli weights verify gpt2
  $ btp-cli weights inspect path/to/model.safetensors --json`,
    );
  command.addCommand(
    new Command("download")
      .description("Download a model, resuming where an earlier try ended; print its folder.")
      .argument("<name>", "gpt2, gpt2-medium, gpt2-large or gpt2-xl")
      .addOption(new Option("--cache <dir>", "where weights are kept").env("BTP_CACHE"))
      .addOption(
        new Option("--endpoint <url>", "server with the Hugging Face hub's paths").env("HF_ENDPOINT"),
      )
      .addOption(
        new Option(
          "--mirror <url>",
          "plain web folder with gpt2/model.safetensors; nothing else is contacted",
        ).env("BTP_MIRROR"),
      )
      .addOption(jsonOption())
      .action(async (name: string, options: DownloadOptions) => {
        const { downloadWeights } = await import("../weights/weights.js");
        context.exitCode = await downloadWeights(name, options, context);
      }),
  );
  command.addCommand(
    new Command("verify")
      .description(
        "Read every byte: structure, checksums, hashes, finite values, and whether it fits its configuration.",
      )
      .argument("<model>", "a file, a folder, or the name of a downloaded model")
      .addOption(jsonOption())
      .action(async (target: string, options: FileOptions) => {
        const { verify } = await import("../weights/weights.js");
        context.exitCode = await verify(target, options, context);
      }),
  );
  command.addCommand(
    new Command("inspect")
      .description("List the tensors of a model and say whether it can be loaded.")
      .argument("<model>", "a file, a folder, or the name of a downloaded model")
      .addOption(jsonOption())
      .action(async (target: string, options: FileOptions) => {
        const { inspect } = await import("../weights/weights.js");
        await inspect(target, options, context);
      }),
  );
  for (const child of command.commands) child.addHelpText("after", `\n${exitCodeHelp()}`);
  return command;
}
