/** Which detector directory a command means: --model as given, a name in models/, or the default one. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
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
 * @throws {CliError} MODEL_NOT_FOUND saying where it was looked for and how to get one
 */
export function findModel(wanted: string | undefined, cwd: string, models = ownModels): string {
  const found = candidates(wanted, cwd, models).find((path) => existsSync(join(path, "config.json")));
  if (found) return found;
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

function candidates(wanted: string | undefined, cwd: string, models: readonly string[]): string[] {
  const name = wanted ?? defaultModelName;
  const places = wanted === undefined ? [] : [resolve(cwd, wanted)];
  // A bare name may also mean a folder in models/; anything with a separator is a path.
  if (!/[\\/]/.test(name) && name !== "." && name !== "..") {
    places.push(resolve(cwd, "models", name), ...models.map((folder) => join(folder, name)));
  }
  return [...new Set(places)];
}
