/** Options that several commands share, and the parsing of option values. */
import { type Command, InvalidArgumentError, Option } from "commander";

export const engineNames = ["auto", "jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"] as const;
export type EngineOption = (typeof engineNames)[number];

export const engineOption = (): Option =>
  new Option("--engine <name>", "what computes; auto takes a GPU where one answers, else jit")
    .choices(engineNames)
    .default("auto")
    .env("BTP_ENGINE");

export const threadsOption = (): Option =>
  new Option("--threads <count>", "threads to compute with (default: one a core)")
    .argParser(wholeNumber(1, 1024))
    .env("BTP_THREADS");

export const precisionNames = ["fp32", "int8"] as const;

export const precisionOption = (): Option =>
  new Option(
    "--precision <name>",
    "int8 computes large models in a third of the time and memory, with scores within 0.02 of fp32's",
  )
    .choices(precisionNames)
    .default("fp32")
    .env("BTP_PRECISION");

export const modelOption = (): Option =>
  new Option("--model <dir>", "detector directory, or the name of one in models/ (default: btp-mini)").env(
    "BTP_MODEL",
  );

export const jsonOption = (): Option => new Option("--json", "print one JSON object a line, for machines");

/** What is told of an option of @btp/cyberbully-train, whose own strict parser reads the values. */
interface DeclaredOption {
  readonly flag: string;
  readonly kind: string;
  readonly valueName: string;
  readonly description: string;
}

/** For shell completion alone. */
export function declareOptions(command: Command, options: readonly DeclaredOption[]): void {
  for (const { flag, kind, valueName, description } of options) {
    const option = new Option(kind === "boolean" ? `--${flag}` : `--${flag} <${valueName}>`, description);
    const choices = listedChoices(valueName);
    if (choices) option.argChoices = choices;
    command.addOption(option);
    if (kind === "boolean") command.addOption(new Option(`--no-${flag}`));
  }
}

/** "fp32|int8" as a list; undefined for "N", "N|all", "NAME|DIR". */
function listedChoices(valueName: string): string[] | undefined {
  return /^[a-z0-9-]+(\|[a-z0-9-]+)+$/.test(valueName) ? valueName.split("|") : undefined;
}

/** @returns a parser for commander: a number from min to max, or an error that says so */
export function numberBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}
