/** predict for messages given as arguments, on the lines of a pipe, or one by one at a terminal. */
import { createInterface } from "node:readline";
import { maxMessageLength } from "@btp/detector";
import { createColors, wantsColor } from "../color.js";
import { type CliContext, columnsOf } from "../context.js";
import { exitCodes } from "../exit-codes.js";
import { write } from "../write-stream.js";
import { bytesOf, readLines } from "./lines.js";
import { type Predictor, truncationNotices } from "./predictor.js";
import { formatJson, formatLine, type Result } from "./result-format.js";

export interface OutputOptions {
  readonly json?: boolean;
}

const linesPerBatch = 1000;

/** @returns exit code */
export async function predictTexts(
  texts: readonly string[],
  predictor: Predictor,
  options: OutputOptions,
  context: CliContext,
): Promise<number> {
  const names = texts.map((_, i) => `message ${i + 1}`);
  await answer(texts, names, predictor, options, context);
  return exitCodes.ok;
}

/**
 * One result a line of stdin, in order, as the lines come.
 * @returns exit code  @throws {TrainDataError} NOT_TEXT for UTF-16 and archives
 */
export async function predictPipe(
  predictor: Predictor,
  options: OutputOptions,
  context: CliContext,
): Promise<number> {
  // Here, since messages given as arguments need nothing that reads files.
  const { textChunks } = await import("@btp/cyberbully-train/datasets");
  const input = textChunks(bytesOf(context.stdin), "standard input", { refusesNul: false });
  let refused = 0;
  for await (const lines of readLines(input, { maxLength: maxMessageLength })) {
    for (let start = 0; start < lines.length; start += linesPerBatch) {
      const texts: string[] = [];
      const names: string[] = [];
      for (const { number, text } of lines.slice(start, start + linesPerBatch)) {
        if (text === undefined) {
          refused++;
          context.stderr.write(
            `btp-cli: line ${number} is longer than ${maxMessageLength} characters and was left out\n`,
          );
        } else {
          texts.push(text);
          names.push(`line ${number}`);
        }
      }
      await answer(texts, names, predictor, options, context);
    }
  }
  return refused > 0 ? exitCodes.failed : exitCodes.ok;
}

/** A conversation: `> ` prompts, an answer a message, until `quit`, Ctrl-C or Ctrl-D. @returns exit code */
export async function predictInteractively(
  predictor: Predictor,
  options: OutputOptions,
  context: CliContext,
): Promise<number> {
  const { name, parameters, engine } = predictor.detector.info;
  context.stderr.write(`${name}: ${parameters.toLocaleString("en")} parameters, engine ${engine}.\n`);
  context.stderr.write("Type a message and press Enter; `quit` leaves.\n");
  const terminal = createInterface({
    input: context.stdin,
    output: context.stdout,
    prompt: "> ",
    terminal: true,
  });
  terminal.on("SIGINT", () => terminal.close());
  let left = false;
  terminal.prompt();
  for await (const line of terminal) {
    const text = line.trim();
    if (text === "quit" || text === "exit") {
      left = true;
      break;
    }
    if (text !== "") await answer([line], ["the message"], predictor, options, context);
    terminal.prompt();
  }
  terminal.close();
  // After Ctrl-C or Ctrl-D the cursor still stands behind the prompt.
  if (!left) context.stdout.write("\n");
  return exitCodes.ok;
}

async function answer(
  texts: readonly string[],
  names: readonly string[],
  predictor: Predictor,
  options: OutputOptions,
  context: CliContext,
): Promise<void> {
  const results = await predictor.predict(texts);
  const colors = createColors(wantsColor(context.stdout, context.env));
  const format = (text: string, result: Result) =>
    options.json ? formatJson(text, result) : formatLine(text, result, colors, columnsOf(context.stdout));
  await write(context.stdout, results.map((result, i) => `${format(texts[i]!, result)}\n`).join(""));
  for (const notice of truncationNotices(names, results, predictor.detector.info.maxLength)) {
    context.stderr.write(`btp-cli: ${notice}\n`);
  }
}
