/**
 * The command-line face of the knobs: one option each, made from the schema, so that the Nx target and `btp-cli train`
 * cannot drift apart.
 */
import { type KnobName, knobNames, knobSchema } from "./knobs.js";
import { type CommandOption, describeOptions, parseOptions } from "./parse-options.js";
import { presetNames, presets } from "./presets.js";

export interface TrainOption extends CommandOption {
  /** The knob, or what is no knob: the preset's name, the configuration file. */
  readonly key: KnobName | "preset" | "config";
  /** The compact preset's value, as text. */
  readonly standard: string | undefined;
}

/** What help calls the values that are paths. */
const pathNames: Readonly<Partial<Record<KnobName, string>>> = {
  train: "FILE",
  validation: "FILE",
  out: "DIR",
  base: "NAME|DIR",
  cacheDir: "DIR",
  logs: "DIR",
};

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function optionOf(name: KnobName): TrainOption {
  const schema = knobSchema.shape[name];
  const inner = schema.def.type === "optional" ? schema.def.innerType : schema;
  const type = inner.def.type;
  const kind = type === "boolean" ? "boolean" : type === "number" ? "number" : "text";
  const values: Readonly<Record<string, unknown>> = presets.compact;
  const typeNames: Readonly<Record<string, string>> = {
    number: "N",
    enum: type === "enum" ? Object.values(inner.def.entries).join("|") : "",
    union: "N|all",
  };
  return {
    flag: kebab(name),
    key: name,
    description: schema.description ?? "",
    kind,
    valueName: kind === "boolean" ? "" : (pathNames[name] ?? typeNames[type] ?? "TEXT"),
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

/** Without dashes. */
export const flagOf = (key: string): string => trainOptions.find((option) => option.key === key)?.flag ?? key;

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
  const parsed = parseOptions(trainOptions, argv);
  if (parsed === undefined) return { help: true };
  const values: Record<string, unknown> = {};
  for (const { flag, key } of trainOptions) if (parsed.has(flag)) values[key] = parsed.get(flag);
  const { config, ...rest } = values;
  return { help: false, configFile: config === undefined ? undefined : String(config), values: rest };
}

/** The help text of all options, 2 columns, for a terminal. */
export function describeTrainOptions(): string {
  const options = trainOptions.map(({ description, standard, ...option }) => ({
    ...option,
    description: standard === undefined ? description : `${description} (${standard})`,
  }));
  return `${describeOptions(options)}\nIn brackets: the value of the compact preset.\n`;
}
