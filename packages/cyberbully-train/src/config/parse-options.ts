/**
 * Command lines of this package: a table of options in, values by flag out, and the help text of the same table. Strict: an
 * unknown option or a missing value is an error with the nearest name.
 */
import { TrainError } from "../errors.js";
import { nearestName } from "../nearest-name.js";

export interface CommandOption {
  /** Without dashes, for example "learning-rate". */
  readonly flag: string;
  readonly description: string;
  /** "boolean" options have no value and a `--no-` form. */
  readonly kind: "boolean" | "number" | "text";
  /** What the help text calls the value; empty where there is none. */
  readonly valueName: string;
}

export type OptionValue = boolean | number | string;

/**
 * @param argv - what follows the program's or the command's name
 * @returns values by flag, or undefined where help was asked for
 * @throws {TrainError} BAD_OPTION
 */
export function parseOptions<Option extends CommandOption>(
  options: readonly Option[],
  argv: readonly string[],
): Map<Option["flag"], OptionValue> | undefined {
  const values = new Map<Option["flag"], OptionValue>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--help" || word === "-h") return undefined;
    if (word === "--") continue;
    if (!word.startsWith("--"))
      throw new TrainError(
        "BAD_OPTION",
        `Expected an option, got an argument at position ${i + 1}. See --help.`,
      );
    const equals = word.indexOf("=");
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const attached = equals < 0 ? undefined : word.slice(equals + 1);
    const option = findOption(options, name);
    if (option.kind === "boolean") {
      values.set(option.flag, booleanOf(name, attached) !== isNegation(name, option));
      continue;
    }
    const text = attached ?? argv[++i];
    if (text === undefined || (attached === undefined && text.startsWith("--")))
      throw new TrainError("BAD_OPTION", `Expected a value after --${name}: --${name} ${option.valueName}.`);
    values.set(option.flag, optionValue(option, text));
  }
  return values;
}

function findOption<Option extends CommandOption>(options: readonly Option[], name: string): Option {
  const found = options.find((option) => option.flag === name || isNegation(name, option));
  if (found) return found;
  const flags = options.flatMap(({ flag, kind }) => (kind === "boolean" ? [flag, `no-${flag}`] : [flag]));
  const nearest = nearestName(name, flags);
  const hint = nearest === undefined ? "See --help." : `Did you mean --${nearest}?`;
  throw new TrainError("BAD_OPTION", `Unknown option --${name.slice(0, 80)}. ${hint}`);
}

const isNegation = (name: string, { kind, flag }: CommandOption): boolean =>
  kind === "boolean" && name === `no-${flag}`;

function booleanOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === "true") return true;
  if (text === "false") return false;
  throw new TrainError("BAD_OPTION", `Expected --${name} alone or with true or false.`);
}

/** The value that a text stands for, unchecked but for being a number where one is wanted. */
export function optionValue(
  { kind, valueName, flag }: Omit<CommandOption, "description">,
  text: string,
): OptionValue {
  if (kind === "boolean") return booleanOf(flag, text);
  const numeric = kind === "number" || (valueName === "N|all" && /^\d+$/.test(text));
  if (!numeric) return text;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new TrainError(
      "BAD_OPTION",
      `Expected a number after --${flag}, got ${JSON.stringify(text.slice(0, 40))}.`,
    );
  return value;
}

/** The help text of all options, 2 columns, for a terminal. */
export function describeOptions(options: readonly CommandOption[]): string {
  const lines = options.map(({ flag, kind, valueName, description }) =>
    optionLine(kind === "boolean" ? `--[no-]${flag}` : `--${flag} ${valueName}`, description),
  );
  return `${[...lines, optionLine("-h, --help", "print this help")].join("\n")}\n`;
}

function optionLine(left: string, right: string): string {
  const indent = `\n${" ".repeat(32)}`;
  const wrapped = wrap(right, 78).join(indent);
  return left.length <= 28 ? `  ${left.padEnd(28)}  ${wrapped}` : `  ${left}${indent}${wrapped}`;
}

/** Lines of at most `width` characters, as far as words are not longer. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
