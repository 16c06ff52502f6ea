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
