/** What the process tells a script. */
export const exitCodes = {
  ok: 0,
  /** The command was understood and could not be done. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const;

/** For the end of a command's help. @param failed - what ends with 1 */
export function exitCodeHelp(ok = "done", failed = "failed"): string {
  return `Exit codes: 0 ${ok}, 1 ${failed}, 2 wrong usage, 130 interrupted (Ctrl-C).`;
}

/** The command line contradicts itself or names what does not exist; exit code 2. */
export class UsageError extends Error {
  readonly code = "USAGE";

  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Something a user can put right, found by the command line itself; exit code 1. */
export class CliError extends Error {
  readonly code:
    | "MODEL_NOT_FOUND"
    | "FILE_UNREADABLE"
    | "MODEL_UNFINISHED"
    | "MODEL_UNSUITABLE"
    | "OUTPUT_EXISTS"
    | "OUTPUT_IS_INPUT";

  constructor(code: CliError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
  }
}
