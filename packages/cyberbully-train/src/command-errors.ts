/** What a command of this package prints and returns when it fails: as btp-cli does for every other command. */
import type { Writable } from "node:stream";
import { TrainError } from "./errors.js";

/**
 * @param prefix - the program's name
 * @returns exit code: 1 failed, 2 wrong usage, 130 stopped by a signal after saving
 * @throws the error itself where it has no code, since its stack is what helps then
 */
export function reportError(error: unknown, stderr: Writable, prefix: string): number {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
  stderr.write(`${prefix}: ${error.message} [${error.code}]\n`);
  if (process.env.BTP_DEBUG) stderr.write(`${error.stack ?? ""}\n`);
  if (!(error instanceof TrainError)) return 1;
  if (error.code === "INTERRUPTED") return 130;
  return error.code === "BAD_OPTION" || error.code === "BAD_CONFIG" ? 2 : 1;
}
