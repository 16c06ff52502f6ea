/** Which detector directory a command means: --model as given, a name in models/, or the default one. */
import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "./exit-codes.js";

export const defaultModelName = "btp-mini";

/**
 * So that the default is found from any working directory: models/ of the clone, or of the published package, into which
 * `npm pack` copies the default detector (tools/copy-default-model.mjs).
 */
const ownModels = ["../../../models", "../models"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * @param wanted - a path or a name; undefined for the default
 * @returns an absolute path of a directory that exists and holds a config.json
 * @throws {CliError} MODEL_NOT_FOUND saying where it was looked for and how to get one; MODEL_UNFINISHED saying how to go on
 */
export function findModel(wanted: string | undefined, cwd: string, models = ownModels): string {
  const found = candidates(wanted, cwd, models).find((path) => existsSync(join(path, "config.json")));
  if (found) return found;
  refuseUnfinished(candidates(wanted, cwd, models), cwd);
  const places = candidates(wanted, cwd, models).join(", ");
  const quickstart =
    wanted === undefined
      ? "That is the default one. In a clone, `npm run quickstart` makes another in two minutes: then give `--model models/quickstart`. "
      : "";
  throw new CliError(
    "MODEL_NOT_FOUND",
    `No detector at ${places}. ${quickstart}Train one with \`btp-cli train --train messages.csv --validation more.csv --out models/my-detector\`, then give \`--model models/my-detector\`.`,
  );
}

/** What an interrupted run left: a checkpoint, and no detector yet. */
function refuseUnfinished(places: readonly string[], cwd: string): void {
  const folder = places.find((path) => existsSync(join(path, "checkpoint", "checkpoint.json")));
  if (folder === undefined) return;
  const near = relative(cwd, folder);
  const shown = near === "" ? "." : near.startsWith("..") ? folder : near;
  const out = /^[\w./-]+$/.test(shown) ? shown : JSON.stringify(shown);
  throw new CliError(
    "MODEL_UNFINISHED",
    `${folder} holds a training run that was interrupted, and no detector yet. Go on with \`btp-cli ${commandOf(folder)} --resume --out ${out}\`; the detector will be there.`,
  );
}

/** Checkpoints of distill keep what was asked for. */
function commandOf(folder: string): "train" | "distill" {
  try {
    const text = readFileSync(join(folder, "checkpoint", "checkpoint.json"), "utf8");
    const stored: { checkpoint?: { request?: unknown } } = JSON.parse(text);
    return stored.checkpoint?.request === undefined ? "train" : "distill";
  } catch {
    return "train"; // which says what is wrong with the file
  }
}

function candidates(wanted: string | undefined, cwd: string, models: readonly string[]): string[] {
  const name = wanted ?? defaultModelName;
  const places = wanted === undefined ? [] : [resolve(cwd, wanted)];
  // A bare name may also mean a folder in models/; anything with a separator is a path.
  if (!/[\\/]/.test(name) && name !== "." && name !== "..") {
    places.push(resolve(cwd, "models", name), ...models.map((folder) => join(folder, name)));
  }
  return [...new Set(places)];
}
