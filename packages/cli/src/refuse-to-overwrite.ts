/** One rule for every command that writes files: what is there stays, unless --overwrite says otherwise. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Option } from "commander";
import { CliError } from "./exit-codes.js";

export const overwriteOption = (description = "replace what is there"): Option =>
  new Option("--overwrite", description);

/**
 * Called before anything is computed. A folder is never replaced by a file, nor a file by the folder that another needs.
 * @param paths - absolute; all of those that would be written
 * @param flag - the option that names another place
 * @throws {CliError} OUTPUT_EXISTS naming the first that is there
 */
export function refuseToOverwrite(
  paths: readonly string[],
  allowed: boolean | undefined,
  flag = "--out",
): void {
  for (const path of paths) {
    const problem = problemOf(path, allowed === true, flag);
    if (problem !== undefined) throw new CliError("OUTPUT_EXISTS", problem);
  }
}

/**
 * With --overwrite too: rows that could not be read would be gone with the only file that has them. Called before anything is read.
 * @param outputs - absolute; all of those that would be written
 * @throws {CliError} OUTPUT_IS_INPUT, whatever the two are called
 */
export function refuseInputAsOutput(input: string, outputs: readonly string[], flag = "--out"): void {
  const same = outputs.find((output) => isSameFile(input, output));
  if (same === undefined) return;
  throw new CliError(
    "OUTPUT_IS_INPUT",
    `${same} is the file that is read, and rows that cannot be read would be lost with it. Give another ${flag}.`,
  );
}

function isSameFile(one: string, other: string): boolean {
  if (!existsSync(one) || !existsSync(other)) return false;
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true }));
  return a!.dev === b!.dev && a!.ino === b!.ino;
}

function problemOf(path: string, allowed: boolean, flag: string): string | undefined {
  if (existsSync(path)) {
    if (isFolder(path))
      return `${path} is a folder, and a file is to be written there. Give another ${flag}.`;
    return allowed ? undefined : `${path} is there already. Give another ${flag}, or --overwrite.`;
  }
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  return isFolder(folder)
    ? undefined
    : `${folder} is a file, and a folder is needed there. Give another ${flag}.`;
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();
