/** predict --file: every message of a file, streamed in and out, with progress; memory does not grow with the file. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { maxMessageLength } from "@btp/detector";
import { createColors, wantsColor } from "../color.js";
import { type CliContext, columnsOf } from "../context.js";
import { counted } from "../counted.js";
import { exitCodes } from "../exit-codes.js";
import { startProgress } from "../progress.js";
import { stopOnSignals } from "../stop-signal.js";
import { write } from "../write-stream.js";
import type { FilePlan } from "./file-plan.js";
import { messageSource } from "./message-source.js";
import type { Predictor } from "./predictor.js";
import { type RecordWriter, recordWriter } from "./result-format.js";

/** @returns exit code: failed when rows had to be left out  @throws {TrainDataError} for the file */
export async function predictFile(
  plan: FilePlan,
  predictor: Predictor,
  context: CliContext,
): Promise<number> {
  const colors = createColors(plan.out === undefined && wantsColor(context.stdout, context.env));
  // Before there is anything to clean up: a signal between the two would leave half a file.
  const stop = stopOnSignals();
  try {
    const target = await openTarget(plan.out, context);
    try {
      const writer = recordWriter(
        plan.outputFormat,
        colors,
        plan.out === undefined ? columnsOf(context.stdout) : undefined,
      );
      const counts = await stream(plan, predictor, writer, target, stop.signal, context);
      await target.finish();
      return report(counts, context);
    } catch (error) {
      await target.discard();
      throw error;
    }
  } finally {
    stop.release();
  }
}

interface Target {
  write(text: string): Promise<void>;
  /** Puts the whole result in its place. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** Standard output, or a file that appears when it is complete. */
async function openTarget(out: string | undefined, context: CliContext): Promise<Target> {
  if (out === undefined) {
    const nothing = async () => {};
    return { write: (text) => write(context.stdout, text), finish: nothing, discard: nothing };
  }
  await mkdir(dirname(out), { recursive: true });
  const partPath = `${out}.${randomBytes(4).toString("hex")}.part`;
  const file = await open(partPath, "wx");
  return {
    write: (text) => file.appendFile(text),
    async finish() {
      await file.close();
      await rename(partPath, out);
    },
    async discard() {
      await file.close();
      await rm(partPath, { force: true });
    },
  };
}

interface Counts {
  read: number;
  bullying: number;
  truncated: number;
  refused: number;
}

async function stream(
  plan: FilePlan,
  predictor: Predictor,
  writer: RecordWriter,
  target: Target,
  signal: AbortSignal,
  context: CliContext,
): Promise<Counts> {
  const counts: Counts = { read: 0, bullying: 0, truncated: 0, refused: 0 };
  const input = createReadStream(plan.path, { highWaterMark: 1 << 18 });
  const { path, inputFormat: format, textColumn, csvFormat } = plan;
  const source = messageSource(input, { format, path, textColumn, csvFormat, maxLength: maxMessageLength });
  const progress = await startProgress(plan.bytes, context);
  try {
    let headed = false;
    for await (const { messages, problems } of source.groups()) {
      signal.throwIfAborted();
      if (!headed) await target.write(writer.header(source.header));
      headed = true;
      const results = await predictor.predict(messages.map(({ text }) => text));
      await target.write(messages.map((message, i) => writer.record(message, results[i]!)).join(""));
      counts.read += messages.length;
      counts.bullying += results.filter(({ isCyberbullying }) => isCyberbullying).length;
      counts.truncated += results.filter(({ truncated }) => truncated).length;
      for (const { line, reason } of problems) tellProblem(line, reason, counts, context);
      progress.update(input.bytesRead, counted(counts.read, "message"));
    }
    // A file without rows still makes a file with a header.
    if (!headed) await target.write(writer.header(source.header));
  } finally {
    progress.stop();
    input.destroy();
  }
  return counts;
}

const shownProblems = 20;

function tellProblem(line: number, reason: string, counts: Counts, context: CliContext): void {
  counts.refused++;
  if (counts.refused <= shownProblems)
    context.stderr.write(`btp-cli: line ${line} was left out: ${reason}\n`);
}

function report({ read, bullying, truncated, refused }: Counts, context: CliContext): number {
  const parts = [`${counted(read, "message")}, ${bullying} of them cyberbullying`];
  if (truncated > 0) parts.push(`${truncated} longer than the detector reads`);
  if (refused > 0) parts.push(`${counted(refused, "row")} left out`);
  context.stderr.write(`${parts.join("; ")}\n`);
  return refused > 0 ? exitCodes.failed : exitCodes.ok;
}
