/**
 * The command-line face of the knobs: one option each, made from the schema, so that the Nx target and `btp-cli train`
 * cannot drift apart. Strict: an unknown option or a missing value is an error with the nearest name.
 */
import { TrainError } from "../errors.js";
import { nearestName } from "../nearest-name.js";
import { type KnobName, knobNames, knobSchema } from "./knobs.js";
import { presetNames, presets } from "./presets.js";

export interface TrainOption {
  /** Without dashes, for example "learning-rate". */
  readonly flag: string;
  /** The knob, or what is no knob: the preset's name, the configuration file. */
  readonly key: KnobName | "preset" | "config";
  readonly description: string;
  /** "boolean" options have no value and a `--no-` form. */
  readonly kind: "boolean" | "number" | "text";
  /** What the help text calls the value. */
  readonly valueName: string;
  /** The compact preset's value, as text. */
  readonly standard: string | undefined;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function optionOf(name: KnobName): TrainOption {
  const schema = knobSchema.shape[name];
  const inner = schema.def.type === "optional" ? schema.def.innerType : schema;
  const type = inner.def.type;
  const kind = type === "boolean" ? "boolean" : type === "number" ? "number" : "text";
  const values: Readonly<Record<string, unknown>> = presets.compact;
  const valueNames: Readonly<Record<string, string>> = {
    number: "N",
    enum: type === "enum" ? Object.values(inner.def.entries).join("|") : "",
    union: "N|all",
  };
  return {
    flag: kebab(name),
    key: name,
    description: schema.description ?? "",
    kind,
    valueName: kind === "boolean" ? "" : (valueNames[type] ?? "TEXT"),
    standard: values[name] === undefined ? undefined : String(values[name]),
  };
}

/** Every option of a training run, in the order of the help text. */
export const trainOptions: readonly TrainOption[] = [
  {
    flag: "preset",
    key: "preset",
    description: "starting point for all other values; default: gpt2 with a base, else compact",
    kind: "text",
    valueName: presetNames.join("|"),
    standard: undefined,
  },
  {
    flag: "config",
    key: "config",
    description: "JSON file with any of these values under their camelCase names; options go on top",
    kind: "text",
    valueName: "FILE",
    standard: undefined,
  },
  ...knobNames.map(optionOf),
];

/** What the options said, by knob name; still unchecked against the schema. */
export type TrainArguments =
  | { readonly help: true }
  | {
      readonly help: false;
      readonly configFile: string | undefined;
      readonly values: Record<string, unknown>;
    };

/**
 * @param argv - what follows the program's or the command's name
 * @throws {TrainError} BAD_OPTION
 */
export function parseTrainArguments(argv: readonly string[]): TrainArguments {
  const values: Record<string, unknown> = {};
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--help" || word === "-h") return { help: true };
    if (word === "--") continue;
    if (!word.startsWith("--"))
      throw new TrainError(
        "BAD_OPTION",
        `Expected an option, got an argument at position ${i + 1}. See --help.`,
      );
    const equals = word.indexOf("=");
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const attached = equals < 0 ? undefined : word.slice(equals + 1);
    const option = findOption(name);
    if (option.kind === "boolean") {
      values[option.key] = booleanOf(name, attached) !== isNegation(name, option);
      continue;
    }
    const text = attached ?? argv[++i];
    if (text === undefined || (attached === undefined && text.startsWith("--")))
      throw new TrainError("BAD_OPTION", `Expected a value after --${name}: --${name} ${option.valueName}.`);
    values[option.key] = optionValue(option, text);
  }
  const { config, ...rest } = values;
  return { help: false, configFile: config === undefined ? undefined : String(config), values: rest };
}

function findOption(name: string): TrainOption {
  const found = trainOptions.find((option) => option.flag === name || isNegation(name, option));
  if (found) return found;
  const flags = trainOptions.flatMap(({ flag, kind }) =>
    kind === "boolean" ? [flag, `no-${flag}`] : [flag],
  );
  const nearest = nearestName(name, flags);
  const hint = nearest === undefined ? "See --help." : `Did you mean --${nearest}?`;
  throw new TrainError("BAD_OPTION", `Unknown option --${name.slice(0, 80)}. ${hint}`);
}

const isNegation = (name: string, option: TrainOption): boolean =>
  option.kind === "boolean" && name === `no-${option.flag}`;

function booleanOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === "true") return true;
  if (text === "false") return false;
  throw new TrainError("BAD_OPTION", `Expected --${name} alone or with true or false.`);
}

function optionValue(option: TrainOption, text: string): unknown {
  const numeric = option.kind === "number" || (option.valueName === "N|all" && /^\d+$/.test(text));
  if (!numeric) return text;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new TrainError(
      "BAD_OPTION",
      `Expected a number after --${option.flag}, got ${JSON.stringify(text.slice(0, 40))}.`,
    );
  return value;
}

/** The help text of all options, 2 columns, for a terminal. */
export function describeTrainOptions(): string {
  const lines = trainOptions.map(({ flag, kind, valueName, description, standard }) => {
    const left = kind === "boolean" ? `--[no-]${flag}` : `--${flag} ${valueName}`;
    const right = standard === undefined ? description : `${description} (${standard})`;
    return left.length <= 28 ? `  ${left.padEnd(28)}  ${right}` : `  ${left}\n${" ".repeat(32)}${right}`;
  });
  return `${lines.join("\n")}\n\nIn brackets: the value of the compact preset.\n`;
}
