/**
 * What can be wrong with a data set. A TrainError with a finer reason, so that callers who only know the package's error
 * class still catch it. Messages name files, columns, lines and counts, never the text of a message.
 */
import { TrainError, type TrainErrorCode } from "../errors.js";

export type DataErrorReason =
  | "FILE_UNREADABLE"
  /** UTF-16, a zip archive or other bytes that are no UTF-8 text. */
  | "NOT_TEXT"
  | "COLUMN_MISSING"
  /** Two columns of the name that was asked for. */
  | "COLUMN_AMBIGUOUS"
  | "NO_ROWS"
  | "LABELS_NOT_BINARY"
  /** So many broken quotes that the file is not the CSV it was taken for. */
  | "QUOTING_BROKEN"
  | "BAD_LABEL_MAPPING"
  | "BAD_DELIMITER"
  | "BAD_SPLIT"
  /** Scores that are no probabilities, or labels and scores that do not fit together. */
  | "BAD_SCORES";

const codes: Readonly<Record<DataErrorReason, TrainErrorCode>> = {
  FILE_UNREADABLE: "BAD_DATA",
  NOT_TEXT: "BAD_DATA",
  COLUMN_MISSING: "BAD_DATA",
  COLUMN_AMBIGUOUS: "BAD_DATA",
  NO_ROWS: "BAD_DATA",
  LABELS_NOT_BINARY: "BAD_LABEL",
  QUOTING_BROKEN: "BAD_DATA",
  BAD_LABEL_MAPPING: "BAD_OPTION",
  BAD_DELIMITER: "BAD_OPTION",
  BAD_SPLIT: "BAD_OPTION",
  BAD_SCORES: "BAD_DATA",
};

export class TrainDataError extends TrainError {
  readonly reason: DataErrorReason;

  constructor(reason: DataErrorReason, message: string, options?: ErrorOptions) {
    super(codes[reason], message, options);
    this.name = "TrainDataError";
    this.reason = reason;
  }
}
