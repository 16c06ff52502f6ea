/**
 * The two logs of a run: JSON lines for machines, `training_logs.txt` for people. Both are appended to as training goes.
 * A resumed run cuts the JSON lines back to where its checkpoint stood, so no update appears twice.
 */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface RunLog {
  /** One JSON line. */
  record(entry: Readonly<Record<string, unknown>>): Promise<void>;
  /** One line for people, with the time in front. */
  line(text: string): Promise<void>;
  /** Bytes of JSON lines so far, all of them handed to the operating system. */
  bytes(): number;
  close(): Promise<void>;
}

export interface RunLogOptions {
  /** Directory of both files; made where it is missing. */
  readonly folder: string;
  /** The JSON lines go to `NAME.jsonl`. */
  readonly name: string;
  /** Length of the JSON lines to keep; 0 starts afresh. */
  readonly keepBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export async function openRunLog({ folder, name, keepBytes, now }: RunLogOptions): Promise<RunLog> {
  await mkdir(folder, { recursive: true });
  const people = await open(join(folder, "training_logs.txt"), "a");
  const machines = await openCut(join(folder, `${name}.jsonl`), keepBytes);
  let bytes = machines.length;
  return {
    async record(entry) {
      const text = Buffer.from(`${JSON.stringify({ time: new Date(now()).toISOString(), ...entry })}\n`);
      await machines.file.write(text, 0, text.length, bytes);
      bytes += text.length;
    },
    async line(text) {
      await people.appendFile(`${new Date(now()).toISOString().replace("T", " ").slice(0, 19)}  ${text}\n`);
    },
    bytes: () => bytes,
    async close() {
      await Promise.all([people.close(), machines.file.close()]);
    },
  };
}

/** Opens for writing at `keepBytes`, or at the end where the file is shorter (somebody emptied it: nothing to cut). */
async function openCut(path: string, keepBytes: number): Promise<{ file: FileHandle; length: number }> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, keepBytes === 0 ? "w" : "r+").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return open(path, "w");
    throw error;
  });
  const length = Math.min(keepBytes, (await file.stat()).size);
  await file.truncate(length);
  return { file, length };
}
