/** `btp-cli distill`: training in phases from larger models' scores and vectors. Options and output are @btp/cyberbully-train's. */
import { describeDistillOptions, distillOptions, runDistillCommand } from "@btp/cyberbully-train";
import { Command } from "commander";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";
import { declareOptions } from "../shared-options.js";
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
  declareOptions(command, distillOptions);
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
