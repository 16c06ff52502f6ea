import type { Writable } from "node:stream";

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * Everything a command may touch outside itself: streams, environment, working directory. Commands get it as an
 * argument and use nothing global, so that tests can run them in process.
 */
export interface CliContext {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Results only. */
  readonly stdout: OutputStream;
  /** Progress, notices, errors. */
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** What a command that ends without an error leaves behind; 0 until it says otherwise. */
  exitCode: number;
}

export function processContext(): CliContext {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    exitCode: 0,
  };
}

/** Columns of a terminal; undefined where the stream is none, and lines may have any length. */
export function columnsOf({ isTTY, columns = 80 }: OutputStream): number | undefined {
  return isTTY === true ? columns : undefined;
}
