/** `btp-cli completion <shell>`: a completion script, made from the commands as they are, so that it cannot go stale. */
import { Argument, Command } from "commander";
import { completionScript, shells } from "../completion-script.js";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";

type Shell = (typeof shells)[number];

export function createCommand(context: CliContext): Command {
  return new Command("completion")
    .description("Print a script that completes commands, options and their values in your shell.")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText(
      "after",
      `
${exitCodeHelp()}

Examples:
  $ btp-cli completion bash >> ~/.bashrc
  $ btp-cli completion zsh > "\${fpath[1]}/_btp-cli"
  $ btp-cli completion fish > ~/.config/fish/completions/btp-cli.fish`,
    )
    .action((shell: Shell, _options: unknown, command: Command) => {
      // The command table says that this command is loaded with all the others beside it.
      context.stdout.write(completionScript(command.parent!, shell));
    });
}
