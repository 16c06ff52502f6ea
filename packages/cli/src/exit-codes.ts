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
  readonly code: "MODEL_NOT_FOUND" | "FILE_UNREADABLE" | "MODEL_UNSUITABLE" | "OUTPUT_EXISTS";

  constructor(code: CliError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
  }
}
