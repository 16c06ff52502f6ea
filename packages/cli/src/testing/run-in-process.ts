/** For tests: runs a command line in this process and keeps what it wrote. */
import { PassThrough, Readable, Writable } from "node:stream";
import type { CliContext, OutputStream } from "../context.js";
import { runCli } from "../main.js";

export interface RunSettings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** What comes through the pipe; chunks as they are. */
  readonly stdin?: readonly (string | Uint8Array)[];
  /** Keys typed at a terminal. */
  readonly typed?: string;
  /** Columns of a terminal that stdout is; default: it is a pipe. */
  readonly columns?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runInProcess(args: readonly string[], settings: RunSettings = {}): Promise<RunResult> {
  const stdout = new Sink(settings.columns);
  const stderr = new Sink();
  const context: CliContext = {
    stdin: settings.typed === undefined ? Readable.from(settings.stdin ?? []) : terminal(settings.typed),
    stdout,
    stderr,
    env: settings.env ?? {},
    cwd: settings.cwd ?? process.cwd(),
    exitCode: 0,
  };
  const code = await runCli(args, context);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Sink extends Writable implements OutputStream {
  readonly isTTY: boolean;
  readonly columns: number;
  text = "";

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns ?? 100;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

function terminal(typed: string): CliContext["stdin"] {
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  stream.end(typed);
  return stream;
}
