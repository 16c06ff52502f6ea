/** The options of `distill`: one table for parsing, help and shell completion. Strict, like those of `train`. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { TrainError } from "../errors.js";
import { nearestName } from "../nearest-name.js";
import { parseRecipe, type Recipe } from "./recipe.js";
import type { ResolvePath } from "./sources.js";

export interface DistillOption {
  /** Without dashes. */
  readonly flag: string;
  /** What the help text calls the value; undefined where there is none. */
  readonly valueName: string | undefined;
  readonly description: string;
}

export const distillOptions = [
  {
    flag: "recipe",
    valueName: "FILE",
    description: "JSON recipe: model, sources, phases, validation (docs/distillation.md)",
  },
  { flag: "out", valueName: "DIR", description: "directory that the detector is written to" },
  { flag: "data", valueName: "DIR", description: "where paths of the recipe that begin with data: are" },
  {
    flag: "teacher",
    valueName: "DIR",
    description: "where paths that begin with teacher: are (scores and vectors)",
  },
  { flag: "seed", valueName: "N", description: "in place of the recipe's" },
  { flag: "max-updates", valueName: "N", description: "a trial: at most so many updates of each phase" },
  {
    flag: "engine",
    valueName: "NAME",
    description: "auto, jit, tfjs-node-gpu, tfjs-node or tfjs-cpu (auto)",
  },
  {
    flag: "threads",
    valueName: "N",
    description: "threads of the engine; default: one for each processor core",
  },
  {
    flag: "checkpoint-seconds",
    valueName: "N",
    description: "time between checkpoints; 0 = after every update (120)",
  },
  {
    flag: "logs",
    valueName: "DIR",
    description: "directory of training_logs.txt and the JSON-lines log (logs)",
  },
  {
    flag: "resume",
    valueName: undefined,
    description: "go on from the checkpoint in --out, to the same bits",
  },
  { flag: "overwrite", valueName: undefined, description: "replace what is in --out" },
] as const satisfies readonly DistillOption[];

type Flag = (typeof distillOptions)[number]["flag"];

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
}

/** Far above any recipe. */
const maxRecipeBytes = 1_000_000;

/**
 * @param argv - what follows the command's name
 * @returns undefined where help was asked for
 * @throws {TrainError} BAD_OPTION, BAD_CONFIG
 */
export async function readDistillArguments(argv: readonly string[]): Promise<DistillArguments | undefined> {
  if (argv.includes("--help") || argv.includes("-h")) return undefined;
  const values = parseValues(argv);
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
    logs: values.get("logs") ?? "logs",
    resume: values.has("resume"),
    overwrite: values.has("overwrite"),
  };
}

/** The help text of all options, 2 columns, for a terminal. */
export function describeDistillOptions(): string {
  const lines = distillOptions.map(({ flag, valueName, description }) => {
    const left = valueName === undefined ? `--${flag}` : `--${flag} ${valueName}`;
    return `  ${left.padEnd(24)}  ${description}`;
  });
  return `${lines.join("\n")}\n`;
}

function parseValues(argv: readonly string[]): Map<Flag, string> {
  const values = new Map<Flag, string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") continue;
    const [, name = "", attached] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const option = distillOptions.find(({ flag }) => flag === name);
    if (option === undefined) throw unknownOption(word, name, i);
    if (option.valueName === undefined) {
      values.set(option.flag, "");
      continue;
    }
    const value = attached ?? argv[++i];
    if (value === undefined || (attached === undefined && value.startsWith("--")))
      throw new TrainError("BAD_OPTION", `Expected a value after --${name}: --${name} ${option.valueName}.`);
    values.set(option.flag, value);
  }
  return values;
}

function unknownOption(word: string, name: string, position: number): TrainError {
  if (!word.startsWith("--"))
    return new TrainError(
      "BAD_OPTION",
      `Expected an option, got an argument at position ${position + 1}. See --help.`,
    );
  const nearest = nearestName(
    name,
    distillOptions.map(({ flag }) => flag),
  );
  const hint = nearest === undefined ? "See --help." : `Did you mean --${nearest}?`;
  return new TrainError("BAD_OPTION", `Unknown option --${name.slice(0, 80)}. ${hint}`);
}

function required(values: ReadonlyMap<Flag, string>, flag: Flag): string {
  const value = values.get(flag);
  if (value !== undefined && value !== "") return value;
  throw new TrainError("BAD_OPTION", `Expected --${flag}. See --help.`);
}

function wholeNumber(values: ReadonlyMap<Flag, string>, flag: Flag, least: number): number | undefined {
  const text = values.get(flag);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
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
function pathResolver(recipeFolder: string, values: ReadonlyMap<Flag, string>): ResolvePath {
  return (path) => {
    const [, prefix, rest = ""] = /^(data|teacher):(.*)$/s.exec(path) ?? [];
    if (prefix !== "data" && prefix !== "teacher") return resolve(recipeFolder, path);
    const folder = values.get(prefix);
    if (folder !== undefined) return resolve(folder, rest);
    throw new TrainError(
      "BAD_OPTION",
      `Expected --${prefix} DIR: the recipe names files in it, ${path} for one.`,
    );
  };
}
