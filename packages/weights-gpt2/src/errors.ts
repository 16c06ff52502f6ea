/**
 * The one error class of this package. `problems` lists everything that was found wrong with a file or a mapping, not just
 * the first thing; the message shows the first of them. Names that come from files are quoted and cut before they get here.
 */
export type WeightsErrorCode =
  | "NOT_FOUND"
  | "UNREADABLE"
  | "SAFETENSORS_INVALID"
  | "SAFETENSORS_UNWRITABLE"
  | "CHECKPOINT_INVALID"
  | "CONFIG_INVALID"
  | "ARCHITECTURE_UNSUPPORTED"
  | "WEIGHTS_MISMATCH"
  | "TENSOR_NOT_FOUND"
  | "TENSOR_UNREADABLE"
  | "CHECKSUM_MISMATCH"
  | "UNKNOWN_MODEL"
  | "BAD_OPTION"
  | "OFFLINE"
  | "NOT_ENOUGH_SPACE"
  | "ACCESS_DENIED"
  | "DOWNLOAD_FAILED"
  | "ABORTED"
  | "LOCK_TIMEOUT";

const SHOWN_PROBLEMS = 20;

export class WeightsError extends Error {
  override readonly name = "WeightsError";
  readonly code: WeightsErrorCode;
  readonly problems: readonly string[];

  constructor(
    code: WeightsErrorCode,
    message: string,
    options: { readonly problems?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    const problems = options.problems ?? [];
    const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `\n  - ${problem}`);
    const rest =
      problems.length > SHOWN_PROBLEMS
        ? `\n  and ${problems.length - SHOWN_PROBLEMS} more (see error.problems)`
        : "";
    super(
      message + shown.join("") + rest,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.problems = problems;
  }
}

const MAX_QUOTED_LENGTH = 120;

/** A name from an untrusted file, made safe to print: control characters escaped, length bounded. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > MAX_QUOTED_LENGTH ? `${name.slice(0, MAX_QUOTED_LENGTH)}…` : name);
}
