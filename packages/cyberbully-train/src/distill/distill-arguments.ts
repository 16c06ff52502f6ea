/** The options of `distill`: one table for parsing, help and shell completion. Strict, like those of `train`. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  type CommandOption,
  describeOptions,
  type OptionValue,
  optionValue,
  parseOptions,
} from "../config/parse-options.js";
import { TrainError } from "../errors.js";
import { readCheckpointRecord } from "../run/checkpoint.js";
import { checkpointFolderOf, noCheckpoint } from "../run/find-checkpoint.js";
import { parseRecipe, type Recipe } from "./recipe.js";
import type { ResolvePath } from "./sources.js";

export type DistillOption = CommandOption;

export const distillOptions = [
  {
    flag: "recipe",
    kind: "text",
    valueName: "FILE",
    description: "JSON recipe: model, sources, phases, validation (docs/distillation.md)",
  },
  { flag: "out", kind: "text", valueName: "DIR", description: "directory that the detector is written to" },
  {
    flag: "data",
    kind: "text",
    valueName: "DIR",
    description: "where paths of the recipe that begin with data: are",
  },
  {
    flag: "teacher",
    kind: "text",
    valueName: "DIR",
    description: "where paths that begin with teacher: are (scores and vectors)",
  },
  { flag: "seed", kind: "number", valueName: "N", description: "in place of the recipe's" },
  {
    flag: "max-updates",
    kind: "number",
    valueName: "N",
    description: "a trial: at most so many updates of each phase",
  },
  {
    flag: "engine",
    kind: "text",
    valueName: "auto|jit|tfjs-node-gpu|tfjs-node|tfjs-cpu",
    description: "what computes (auto)",
  },
  {
    flag: "threads",
    kind: "number",
    valueName: "N",
    description: "threads of the engine; default: one for each processor core",
  },
  {
    flag: "checkpoint-seconds",
    kind: "number",
    valueName: "N",
    description: "time between checkpoints; 0 = after every update (120)",
  },
  {
    flag: "logs",
    kind: "text",
    valueName: "DIR",
    description: "directory of training_logs.txt and the JSON-lines log (logs)",
  },
  {
    flag: "resume",
    kind: "boolean",
    valueName: "",
    description:
      "go on from the checkpoint in --out, to the same bits; other options are those of the first part",
  },
  { flag: "overwrite", kind: "boolean", valueName: "", description: "replace what is in --out" },
] as const satisfies readonly DistillOption[];

type Flag = (typeof distillOptions)[number]["flag"];
type Values = ReadonlyMap<Flag, OptionValue>;

const engines = ["auto", "jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"] as const;

export interface DistillArguments {
  readonly recipe: Recipe;
  readonly resolvePath: ResolvePath;
  readonly out: string;
  readonly maxUpdates: number | undefined;
  readonly engine: (typeof engines)[number];
  readonly threads: number | undefined;
  readonly checkpointSeconds: number;
  readonly logs: string;
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** Options by flag, paths absolute: what a checkpoint keeps, so that --resume and --out suffice to go on. */
  readonly request: Readonly<Record<string, string>>;
}

/** Far above any recipe. */
const maxRecipeBytes = 1_000_000;

/**
 * @param argv - what follows the command's name
 * @returns undefined where help was asked for
 * @throws {TrainError} BAD_OPTION, BAD_CONFIG
 */
export async function readDistillArguments(argv: readonly string[]): Promise<DistillArguments | undefined> {
  const given = parseOptions(distillOptions, argv);
  if (given === undefined) return undefined;
  const values = given.get("resume") === true ? await withRecorded(given) : given;
  const file = required(values, "recipe");
  const json = await readJson(file);
  const seed = wholeNumber(values, "seed", 0);
  const isObject = typeof json === "object" && json !== null;
  const recipe = parseRecipe(seed === undefined || !isObject ? json : { ...json, seed });
  const engine = engines.find((name) => name === (values.get("engine") ?? "auto"));
  if (engine === undefined)
    throw new TrainError("BAD_OPTION", `Expected --engine to be one of ${engines.join(", ")}.`);
  return {
    recipe,
    resolvePath: pathResolver(dirname(resolve(file)), values),
    out: required(values, "out"),
    maxUpdates: wholeNumber(values, "max-updates", 1),
    engine,
    threads: wholeNumber(values, "threads", 1),
    checkpointSeconds: wholeNumber(values, "checkpoint-seconds", 0) ?? 120,
    logs: textOf(values, "logs") ?? "logs",
    resume: values.get("resume") === true,
    overwrite: values.get("overwrite") === true,
    request: requestOf(values),
  };
}

/** The help text of all options, 2 columns, for a terminal. */
export const describeDistillOptions = (): string => describeOptions(distillOptions);

const pathFlags: readonly Flag[] = ["recipe", "data", "teacher", "logs"];
const unrecordedFlags: readonly Flag[] = ["out", "resume", "overwrite"];

function requestOf(values: Values): Record<string, string> {
  return Object.fromEntries(
    [...values]
      .filter(([flag]) => !unrecordedFlags.includes(flag))
      .map(([flag, value]) => [flag, pathFlags.includes(flag) ? resolve(String(value)) : String(value)]),
  );
}

/** What is given goes on top of the checkpoint's record; where they contradict each other, the run is refused by name later. */
async function withRecorded(given: Values): Promise<Values> {
  const out = resolve(required(given, "out"));
  const record = await readCheckpointRecord(checkpointFolderOf(out));
  if (record === undefined && !given.has("recipe")) throw noCheckpoint(out);
  const recorded = distillOptions.flatMap((option) => {
    const text = unrecordedFlags.includes(option.flag) ? undefined : record?.request?.[option.flag];
    return text === undefined ? [] : [[option.flag, optionValue(option, text)] as const];
  });
  return new Map([...recorded, ...given]);
}

function textOf(values: Values, flag: Flag): string | undefined {
  const value = values.get(flag);
  return value === undefined ? undefined : String(value);
}

function required(values: Values, flag: Flag): string {
  const value = textOf(values, flag);
  if (value !== undefined && value !== "") return value;
  throw new TrainError("BAD_OPTION", `Expected --${flag}. See --help.`);
}

function wholeNumber(values: Values, flag: Flag, least: number): number | undefined {
  const value = values.get(flag);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new TrainError("BAD_OPTION", `Expected a whole number from ${least} after --${flag}.`);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new TrainError("BAD_CONFIG", `Expected a readable recipe at ${path}.`, { cause });
  });
  try {
    if (text.length > maxRecipeBytes) throw new Error("too long");
    return JSON.parse(text);
  } catch (cause) {
    throw new TrainError("BAD_CONFIG", `Expected JSON of at most ${maxRecipeBytes} bytes in ${path}.`, {
      cause,
    });
  }
}

/** "data:x" and "teacher:x" lie in the folders that were named, all other paths beside the recipe. */
function pathResolver(recipeFolder: string, values: Values): ResolvePath {
  return (path) => {
    const [, prefix, rest = ""] = /^(data|teacher):(.*)$/s.exec(path) ?? [];
    if (prefix !== "data" && prefix !== "teacher") return resolve(recipeFolder, path);
    const folder = textOf(values, prefix);
    if (folder !== undefined) return resolve(folder, rest);
    throw new TrainError(
      "BAD_OPTION",
      `Expected --${prefix} DIR: the recipe names files in it, ${path} for one.`,
    );
  };
}
