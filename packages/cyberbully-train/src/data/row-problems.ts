/** The bad rows of a file: a capped list with lines and reasons, and exact counts by code. Holds no text of any row. */

export type ProblemCode =
  | "COLUMN_COUNT"
  | "EMPTY_LABEL"
  | "BAD_LABEL"
  | "INVALID_UTF8"
  | "TEXT_TOO_LONG"
  | "UNCLOSED_QUOTE"
  | "RECORD_TOO_LONG";

export interface RowProblem {
  /** On which the row begins, from 1. */
  readonly line: number;
  readonly code: ProblemCode;
  /** One sentence without full stop, in words. */
  readonly reason: string;
}

const reasons: Readonly<Record<ProblemCode, string>> = {
  COLUMN_COUNT: "another number of columns than the header",
  EMPTY_LABEL: "the label is empty",
  BAD_LABEL: "the label is not one of those expected",
  INVALID_UTF8: "bytes that are not UTF-8; save the file as UTF-8",
  TEXT_TOO_LONG: "the text is too long",
  UNCLOSED_QUOTE: "a quote that never closes; reading went on with the next line",
  RECORD_TOO_LONG:
    "longer than a record may be, or a quote that never closes; reading went on with the next line",
};

export class ProblemList {
  private readonly kept: RowProblem[] = [];
  private readonly byCode = new Map<ProblemCode, number>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get total(): number {
    let sum = 0;
    for (const count of this.byCode.values()) sum += count;
    return sum;
  }

  add(line: number, code: ProblemCode, reason: string = reasons[code]): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
    if (this.kept.length < this.capacity) this.kept.push({ line, code, reason });
  }

  list(): readonly RowProblem[] {
    return this.kept;
  }

  counts(): Partial<Record<ProblemCode, number>> {
    return Object.fromEntries(this.byCode);
  }

  /** " (BAD_LABEL 3, EMPTY_LABEL 1)", or nothing. */
  describeCounts(): string {
    if (this.byCode.size === 0) return "";
    return ` (${[...this.byCode].map(([code, count]) => `${code} ${count}`).join(", ")})`;
  }
}
