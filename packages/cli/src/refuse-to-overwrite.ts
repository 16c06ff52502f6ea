/** One rule for every command that writes files: what is there stays, unless --overwrite says otherwise. */
import { existsSync } from "node:fs";
import { Option } from "commander";
import { CliError } from "./exit-codes.js";

export const overwriteOption = (): Option => new Option("--overwrite", "replace what is there");

/**
 * @param paths - absolute; all of those that would be written
 * @param flag - the option that names another place
 * @throws {CliError} OUTPUT_EXISTS naming the first that is there
 */
export function refuseToOverwrite(
  paths: readonly string[],
  allowed: boolean | undefined,
  flag = "--out",
): void {
  const there = allowed ? undefined : paths.find((path) => existsSync(path));
  if (there === undefined) return;
  throw new CliError("OUTPUT_EXISTS", `${there} is there already. Give another ${flag}, or --overwrite.`);
}
