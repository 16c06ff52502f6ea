/** `btp-cli generate`: options and their meaning. The work is in generate/. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.js";
import { exitCodeHelp } from "../exit-codes.js";
import type { GenerateOptions } from "../generate/generate.js";
import { engineOption, jsonOption, numberBetween, threadsOption, wholeNumber } from "../shared-options.js";

export function createCommand(context: CliContext): Command {
  return new Command("generate")
    .description("Write on from a prompt with GPT-2, to the terminal as it comes.")
    .argument("<prompt>", "beginning of the text")
    .addOption(
      new Option(
        "--model <name>",
        "gpt2, gpt2-medium, gpt2-large, gpt2-xl, or a folder with GPT-2 weights",
      ).default("gpt2"),
    )
    .addOption(
      new Option("--max-tokens <count>", "tokens to write at most")
        .argParser(wholeNumber(0, 1_000_000))
        .default(100),
    )
    .addOption(
      new Option(
        "--temperature <number>",
        "below 1 surer, above 1 more varied; 0 always takes the likeliest token",
      )
        .argParser(numberBetween(0, 100))
        .default(0.8),
    )
    .addOption(
      new Option("--top-k <count>", "choose among this many likeliest tokens").argParser(
        wholeNumber(1, 1_000_000),
      ),
    )
    .addOption(
      new Option(
        "--top-p <share>",
        "choose among the likeliest tokens of this probability together",
      ).argParser(numberBetween(0, 1)),
    )
    .addOption(
      new Option("--repetition-penalty <number>", "above 1: words that were used come less often").argParser(
        numberBetween(0, 100),
      ),
    )
    .addOption(
      new Option("--seed <number>", "the same seed writes the same text").argParser(
        wholeNumber(0, 2 ** 31 - 1),
      ),
    )
    .addOption(new Option("--stop <text...>", "end where this would come"))
    .addOption(new Option("--offline", "never download; use what is in the cache"))
    .addOption(jsonOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addHelpText(
      "after",
      `
The weights are downloaded once, to ~/.cache/btp or where BTP_CACHE says. Ctrl-C ends the text.
${exitCodeHelp()}

Examples:
  $ btp-cli generate "Once upon a time"
  $ btp-cli generate "The recipe:" --temperature 0 --max-tokens 50
  $ btp-cli generate "Dear" --model path/to/gpt2 --top-p 0.9 --seed 7 --stop "Yours"`,
    )
    .action(async (prompt: string, options: GenerateOptions) => {
      const { generate } = await import("../generate/generate.js");
      context.exitCode = await generate(prompt, options, context);
    });
}
