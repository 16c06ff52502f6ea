/** `btp-cli distill`: training in phases from larger models' scores and vectors. Options and output are @btp/cyberbully-train's. */
import { describeDistillOptions, distillOptions, runDistillCommand } from "@btp/cyberbully-train";
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";
import { listedChoices } from "../shared-options.js";
import { stopOnSignals } from "../stop-signal.js";

const introduction = `Usage: btp-cli distill --recipe FILE --out DIR [options]

Train a compact detector in phases, as a recipe says: pretraining on text alone, learning a teacher's vectors and
scores, learning from labels. Ctrl-C saves a checkpoint from which --resume goes on exactly.

Options:
`;

const examples = `
${exitCodeHelp()}

Examples:
  $ btp-cli distill --recipe recipe.json --out models/small
  $ btp-cli distill --recipe recipe.json --data ../shared/data --teacher scores --out models/small
  $ btp-cli distill --resume --out models/small                       go on after an interruption
  $ btp-cli distill --recipe recipe.json --out models/trial --max-updates 20        does everything fit together?
`;

export function createCommand(context: CliContext, rest: readonly string[]): Command {
  const command = new Command("distill").allowUnknownOption().allowExcessArguments();
  // Declared for shell completion; the values are read by the package's own strict parser.
  for (const { flag, kind, valueName, description } of distillOptions) {
    const option = new Option(kind === "boolean" ? `--${flag}` : `--${flag} <${valueName}>`, description);
    const choices = listedChoices(valueName);
    if (choices) option.argChoices = choices;
    command.addOption(option);
    if (kind === "boolean") command.addOption(new Option(`--no-${flag}`));
  }
  command.helpInformation = () => `${introduction}${describeDistillOptions()}${examples}`;
  return command.action(async () => {
    const stop = stopOnSignals();
    try {
      context.exitCode = await runDistillCommand(rest, context, {
        signal: stop.signal,
        program: "btp-cli distill",
        prefix: "btp-cli",
      });
    } finally {
      stop.release();
    }
  });
}
