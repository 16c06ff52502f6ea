/** From a command line to a checked configuration: options on top of a configuration file on top of a preset, or of a checkpoint. */
import { readFile } from "node:fs/promises";
import { TrainError } from "../errors.js";
import { createConfig, type NameOf } from "./config.js";
import type { TrainConfig } from "./knobs.js";
import { flagOf, parseTrainArguments } from "./options.js";
import { resumedConfig } from "./resumed-config.js";

const maxConfigBytes = 1_000_000;

/**
 * @param argv - what follows the program's or the command's name
 * @returns undefined where help was asked for
 * @throws {TrainError} BAD_OPTION, BAD_CONFIG; with --resume CHECKPOINT_MISMATCH, BAD_CHECKPOINT
 */
export async function readTrainArguments(argv: readonly string[]): Promise<TrainConfig | undefined> {
  const parsed = parseTrainArguments(argv);
  if (parsed.help) return undefined;
  const file = parsed.configFile === undefined ? {} : await readConfigFile(parsed.configFile);
  const given = { ...file, ...parsed.values };
  // As the user wrote it: an option, or a key of the file that no option replaced.
  const nameOf: NameOf = (key) => (key in file && !(key in parsed.values) ? key : `--${flagOf(key)}`);
  return given.resume === true ? resumedConfig(given, nameOf) : createConfig(given, nameOf);
}

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new TrainError("BAD_CONFIG", `Expected a readable configuration file at ${path}.`, { cause });
  });
  let json: unknown;
  try {
    json = text.length > maxConfigBytes ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new TrainError("BAD_CONFIG", `Expected JSON in ${path}, and it cannot be parsed.`, { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new TrainError("BAD_CONFIG", `Expected one JSON object with values by name in ${path}.`);
  return Object.fromEntries(Object.entries(json));
}
