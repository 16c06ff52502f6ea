/** One labelled message of a data set. */
export interface Example {
  readonly text: string;
  /** 1 = cyberbullying, 0 = not. */
  readonly label: 0 | 1;
  /** Line of the file on which the row begins, counted from 1. */
  readonly line: number;
  /** What the group column says of it, where one was read. */
  readonly group?: string;
  /** The row's other cells as they are, in the file's order, where they were asked for. */
  readonly others?: readonly string[];
}
