/** Whether there is a file to read, asked before anything is computed: with words for what there is instead. */
import { statSync } from "node:fs";
import { CliError } from "./exit-codes.js";

/**
 * @param path - absolute
 * @returns bytes
 * @throws {CliError} FILE_UNREADABLE where it is missing, a folder or no regular file
 */
export function sizeOfFile(path: string): number {
  let found: ReturnType<typeof statSync>;
  try {
    found = statSync(path);
  } catch (cause) {
    throw new CliError("FILE_UNREADABLE", `Expected a file at ${path}, found none. Check the path.`, {
      cause,
    });
  }
  if (found?.isFile()) return found.size;
  const instead = found?.isDirectory() ? "a folder. Name a file in it" : "no regular file. Copy it to one";
  throw new CliError("FILE_UNREADABLE", `Expected a file at ${path}, found ${instead}.`);
}
