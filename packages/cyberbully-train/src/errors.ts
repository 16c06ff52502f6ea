/**
 * The one error class of this package. Messages say what was expected, what came and what to do next;
 * they never hold the text of a message.
 */
export type TrainErrorCode =
  /** A knob of the configuration is unknown, of the wrong type or out of range. */
  | "BAD_CONFIG"
  /** A command-line option is unknown or lacks its value. */
  | "BAD_OPTION"
  /** A data file cannot be read, or nothing usable is in it. */
  | "BAD_DATA"
  /** A row's label is neither 0 nor 1. */
  | "BAD_LABEL"
  /** A checkpoint file is missing, truncated, altered or of another program. */
  | "BAD_CHECKPOINT"
  /** The checkpoint belongs to another configuration or other data. */
  | "CHECKPOINT_MISMATCH"
  /** `--resume` was asked for and there is nothing to resume. */
  | "NO_CHECKPOINT"
  /** The output directory holds something that this run would overwrite. */
  | "OUTPUT_EXISTS"
  /** The loss or the gradient became NaN or infinite. */
  | "DIVERGED"
  /** Stopped by a signal after saving a checkpoint. */
  | "INTERRUPTED"
  /** The pretrained base does not fit what was asked of it. */
  | "BAD_BASE"
  /** A file of the feature cache is truncated, altered or of other weights. */
  | "BAD_FEATURE_CACHE"
  /** A file of a teacher's scores or vectors is damaged, or belongs to other texts. */
  | "BAD_TEACHER_FILE"
  /** Not enough room on the disk. */
  | "NO_SPACE";

export class TrainError extends Error {
  readonly code: TrainErrorCode;

  constructor(code: TrainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TrainError";
    this.code = code;
  }
}
