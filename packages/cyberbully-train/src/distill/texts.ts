/** The messages of one source: a CSV with labels, or plain text with one message a line. Rows keep the file's order. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { counted } from "../counted.js";
import { readCsvLayout } from "../data/csv-layout.js";
import { recipeWords } from "../data/layout-words.js";
import { readCsv } from "../data/read-csv.js";
import { withoutMark } from "../data/text-chunks.js";
import { TrainError } from "../errors.js";
import { isTable, type Texts } from "./recipe.js";

export interface ReadTexts {
  readonly texts: readonly string[];
  /** 0 or 1 a text; undefined where the file has none. */
  readonly labels: Uint8Array | undefined;
  /** Kind of each text; undefined where no group column was asked for. */
  readonly groups: readonly string[] | undefined;
  /** Of the whole file's bytes, hex. */
  readonly sha256: string;
  /** Rows of the file that could not be read and are not among the texts. */
  readonly badRows: number;
  /** Rows that the label mapping leaves out. */
  readonly droppedRows: number;
  /** Row of the file that the first text is. */
  readonly firstRow: number;
}

/** Plain text is read whole. */
const maxTextBytes = 500_000_000;

/**
 * @param file - absolute path
 * @throws {TrainError} BAD_DATA; TrainDataError for what is no text, and for CSV files
 */
export async function readTexts(file: string, texts: Texts): Promise<ReadTexts> {
  const whole = isTable(file) ? await readLabelled(file, texts) : await readLines(file);
  const [from, to] = texts.rows ?? [0, whole.texts.length];
  if (from >= to || to > whole.texts.length)
    throw new TrainError(
      "BAD_DATA",
      `Expected rows to lie within the ${counted(whole.texts.length, "message")} of ${file}, got ${from} to ${to}.`,
    );
  return {
    ...whole,
    texts: whole.texts.slice(from, to),
    labels: whole.labels?.slice(from, to),
    groups: whole.groups?.slice(from, to),
    firstRow: from,
  };
}

async function readLabelled(file: string, texts: Texts): Promise<ReadTexts> {
  const { groupColumn } = texts;
  const { examples, counts, sha256 } = await readCsv(file, {
    ...readCsvLayout(texts),
    ...(groupColumn !== undefined && { groupColumn }),
    layoutWords: recipeWords,
  });
  return {
    texts: examples.map(({ text }) => text),
    labels: Uint8Array.from(examples, ({ label }) => label),
    groups: groupColumn === undefined ? undefined : examples.map(({ group = "" }) => group),
    sha256,
    badRows: counts.badRows,
    droppedRows: counts.dropped,
    firstRow: 0,
  };
}

async function readLines(file: string): Promise<ReadTexts> {
  const size = await stat(file).catch((cause: unknown) => {
    throw new TrainError("BAD_DATA", `Expected a readable text file at ${file}.`, { cause });
  });
  if (!size.isFile() || size.size > maxTextBytes)
    throw new TrainError(
      "BAD_DATA",
      `Expected a file of at most ${maxTextBytes} bytes at ${file}. Split it.`,
    );
  const bytes = await readFile(file);
  const lines = decode(bytes, file).split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    texts: lines,
    labels: undefined,
    groups: undefined,
    sha256,
    badRows: 0,
    droppedRows: 0,
    firstRow: 0,
  };
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(withoutMark(bytes, file));
  } catch (cause) {
    if (cause instanceof TrainError) throw cause;
    throw new TrainError("BAD_DATA", `Expected UTF-8 in ${file}, and it is not.`, { cause });
  }
}
