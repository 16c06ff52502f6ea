import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TrainError } from "../errors.js";
import { TrainDataError } from "./errors.js";
import { parseLabelMapping } from "./labels.js";
import { type ReadCsvOptions, readCsv } from "./read-csv.js";

const folder = mkdtempSync(join(tmpdir(), "btp-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(content: string | Uint8Array, options?: ReadCsvOptions) {
  const path = join(folder, "data.csv");
  writeFileSync(path, content);
  return readCsv(path, options);
}

async function refusal(content: string | Uint8Array, options?: ReadCsvOptions): Promise<TrainDataError> {
  const error: unknown = await read(content, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TrainDataError)) throw new Error("expected a refusal", { cause: error });
  expect(error).toBeInstanceOf(TrainError);
  return error;
}

describe("rows that are in order", () => {
  it("reads text, label, line and the file's hash", async () => {
    const content = 'Text,Label\nhello,0\n"a ""b"", c",1\n';
    const file = await read(content);
    expect(file.examples).toEqual([
      { text: "hello", label: 0, line: 2 },
      { text: 'a "b", c', label: 1, line: 3 },
    ]);
    expect(file.problems).toEqual([]);
    expect(file.sha256).toBe(createHash("sha256").update(content).digest("hex"));
    expect(file.counts).toMatchObject({ rows: 2, examples: 2, positive: 1, negative: 1, badRows: 0 });
  });

  it("counts lines by what an editor shows: quoted line breaks and CRLF", async () => {
    const file = await read('\uFEFFText,Label\r\n"one\r\ntwo\r\n",1\r\n\r\nthree,0\r\n"4\n5",0');
    expect(file.examples).toEqual([
      { text: "one\r\ntwo\r\n", label: 1, line: 2 },
      { text: "three", label: 0, line: 6 },
      { text: "4\n5", label: 0, line: 7 },
    ]);
    expect(file.counts.blankLines).toBe(1);
  });

  it("accepts mixed line ends in one file", async () => {
    expect((await read("Text,Label\r\na,0\nb,1\rc,0\n")).examples.map((e) => e.line)).toEqual([2, 3, 4]);
  });

  it("keeps empty messages and counts them", async () => {
    const file = await read('Text,Label\n,1\n"",0\n"  ",0\nx,1\n');
    expect(file.examples.map((e) => e.text)).toEqual(["", "", "  ", "x"]);
    expect(file.counts.emptyText).toBe(3);
  });

  it("accepts the labels that pandas writes", async () => {
    expect((await read("Text,Label\na,0.0\nb,1.0\nc, 1 \n")).examples.map((e) => e.label)).toEqual([0, 1, 1]);
  });

  it("reads columns by other names, in any order, among others", async () => {
    const options = { textColumn: "tweet", labelColumn: "class" };
    const file = await read("id,class,tweet,by\n7,1,hi,x\n8,0,ho,y\n", options);
    expect(file.examples.map(({ text, label }) => [text, label])).toEqual([
      ["hi", 1],
      ["ho", 0],
    ]);
  });

  it("finds a column in another case", async () => {
    expect((await read("text,LABEL\na,1\n")).examples).toHaveLength(1);
  });

  it("reads tab-separated files without quoting", async () => {
    const file = await read('Text\tLabel\nsaid "hi, 1\t0\n', { delimiter: "\t", quote: null });
    expect(file.examples[0]?.text).toBe('said "hi, 1');
  });

  it("maps labels and leaves rows out where told", async () => {
    const labels = parseLabelMapping("none=0, Racism=1, spam=drop");
    const file = await read("Text,Label\na,None\nb,racism\nc,SPAM\nd,other\n", { labels });
    expect(file.examples.map((e) => e.label)).toEqual([0, 1]);
    expect(file.counts).toMatchObject({ dropped: 1, problems: { BAD_LABEL: 1 } });
  });

  it("stops at the limit", async () => {
    expect((await read("Text,Label\na,0\nb,1\nc,1\n", { limit: 2 })).examples).toHaveLength(2);
  });
});

describe("bad rows are reported by line and left out", () => {
  it("names the reason of each", async () => {
    const rows = ["Text,Label", "a,", "b,2", "c", "d,1,9", "ok,1", 'q "quoted" word,0', "bad\xff,1"];
    const file = await read(Buffer.from(`${rows.join("\n")}\n`, "latin1"));
    expect(file.examples.map((e) => e.text)).toEqual(["ok", 'q "quoted" word']);
    expect(file.problems.map(({ line, code }) => [line, code])).toEqual([
      [2, "EMPTY_LABEL"],
      [3, "BAD_LABEL"],
      [4, "COLUMN_COUNT"],
      [5, "COLUMN_COUNT"],
      [8, "INVALID_UTF8"],
    ]);
    expect(file.problems[2]?.reason).toBe("expected 2 columns, got 1");
    expect(file.counts).toMatchObject({ rows: 7, examples: 2, badRows: 5 });
  });

  it("loses one row, not the rest of the file, to a quote that never closes", async () => {
    const file = await read('Text,Label\na,0\n"never closed,1\nb,1\nc,0\n');
    expect(file.examples).toEqual([
      { text: "a", label: 0, line: 2 },
      { text: "b", label: 1, line: 4 },
      { text: "c", label: 0, line: 5 },
    ]);
    expect(file.problems).toMatchObject([{ line: 3, code: "UNCLOSED_QUOTE" }]);
  });

  it("sees the rows that an open quote swallowed up to the next quote", async () => {
    const file = await read('Text,Label\n"never closed,1\nb,1\n"c, d",0\n"e",1\n');
    expect(file.examples.map((e) => [e.line, e.text])).toEqual([
      [3, "b"],
      [4, "c, d"],
      [5, "e"],
    ]);
    expect(file.problems).toMatchObject([{ line: 2, code: "UNCLOSED_QUOTE" }]);
  });

  it("keeps a well quoted message that looks like rows", async () => {
    const text = '"one,1\ntwo,0\n';
    const file = await read(`Text,Label\n"${text.replaceAll('"', '""')}",1\nb,0\n`);
    expect(file.examples.map((e) => e.text)).toEqual([text, "b"]);
  });

  it("bounds a record and goes on behind it", async () => {
    const long = "x".repeat(5_000);
    const file = await read(`Text,Label\n${long},1\nb,0\n"${long}\n",1\nc,1\n`, { maxRecordBytes: 1_000 });
    expect(file.examples.map((e) => [e.line, e.text])).toEqual([
      [3, "b"],
      [6, "c"],
    ]);
    expect(file.problems.map((p) => [p.line, p.code])).toEqual([
      [2, "RECORD_TOO_LONG"],
      [4, "RECORD_TOO_LONG"],
      [5, "UNCLOSED_QUOTE"],
    ]);
  });

  it("bounds a record of very many fields", async () => {
    const file = await read(`Text,Label\n${'"a",'.repeat(300_000)}\nb,1\n`, { maxRecordBytes: 1_000 });
    expect(file.examples).toEqual([{ text: "b", label: 1, line: 3 }]);
    expect(file.problems).toMatchObject([{ line: 2, code: "RECORD_TOO_LONG" }]);
  });

  it("bounds a text", async () => {
    const file = await read("Text,Label\néé,1\nabc,1\n", { maxTextBytes: 3 });
    expect(file.examples.map((e) => e.text)).toEqual(["abc"]);
    expect(file.problems).toMatchObject([{ line: 2, code: "TEXT_TOO_LONG" }]);
  });

  it("keeps a capped list and counts the rest", async () => {
    const file = await read(`Text,Label\nok,1\n${"x,\n".repeat(50)}`, { maxProblems: 3 });
    expect(file.problems).toHaveLength(3);
    expect(file.counts.problems).toEqual({ EMPTY_LABEL: 50 });
  });
});

describe("files that are refused", () => {
  it("lists the columns found and the nearest", async () => {
    const error = await refusal("Tekst,Label,By\na,1,x\n");
    expect(error).toMatchObject({ reason: "COLUMN_MISSING", code: "BAD_DATA" });
    expect(error.message).toContain('got the columns "Tekst", "Label", "By". Did you mean "Tekst"?');
  });

  it("says how other columns are named, and another delimiter where there is one column only", async () => {
    expect((await refusal("what,class\na,1\n")).message).toContain(
      'got the columns "what", "class". Name the columns with --text-column and --label-column.',
    );
    expect((await refusal("Text;Label\na;1\n")).message).toContain(
      "what stands between them with --delimiter",
    );
  });

  it.each([
    ["id,Message,Label", "Message", "--text-column Message."],
    ["sex,tweet_text,Label", "tweet_text", "--text-column tweet_text."],
    ["id,Post Text,Label", "Post Text", '--text-column "Post Text".'],
  ])("suggests the column that often holds messages: %s", async (header, name, command) => {
    const { message } = await refusal(`${header}\na,b,1\n`);
    expect(message).toContain(`Did you mean ${JSON.stringify(name)}? Name the columns`);
    expect(message).toContain(`for example ${command}`);
  });

  it("prefers the nearest name to a usual one where a name was given", async () => {
    const { message } = await refusal("comment,chats,Label\na,b,1\n", { textColumn: "chat" });
    expect(message).toContain('Did you mean "chats"?');
  });

  it.each([
    ["Text,id,Text,Label", {}, '"Text" in', "of that name, at positions 1 and 3. Rename all but one"],
    ["Text,Label,Label,Label", {}, '"Label" in', "at positions 2, 3 and 4"],
    [
      "TEXT,text,Label,x",
      {},
      '"Text" in',
      "in upper and lower case, at positions 1 and 2. Give the exact name",
    ],
    [
      "a,Text,Label,a",
      { groupColumn: "a" },
      '"a" in',
      "at positions 1 and 4. Rename all but one, or name another with --by",
    ],
  ])("refuses a name that two columns have: %s", async (header, options, name, expected) => {
    const error = await refusal(`${header}\na,1,0,1\n`, options);
    expect(error).toMatchObject({ reason: "COLUMN_AMBIGUOUS", code: "BAD_DATA" });
    expect(error.message).toContain(`Expected one column ${name}`);
    expect(error.message).toContain(expected);
  });

  it("takes the exact name where another differs in case only", async () => {
    expect((await read("TEXT,Text,Label\na,b,1\n")).examples[0]?.text).toBe("b");
  });

  it("says which labels it found", async () => {
    const error = await refusal("Text,Label\na,racism\nb,none\nc,none\nd,racism\n");
    expect(error).toMatchObject({ reason: "LABELS_NOT_BINARY", code: "BAD_LABEL" });
    expect(error.message).toContain("racism (2 rows), none (2 rows)");
    expect(error.message).toContain("--labels");
  });

  it("refuses a third label instead of dropping a third of the rows", async () => {
    expect((await refusal(`Text,Label\n${"a,0\nb,1\nc,2\n".repeat(10)}`)).message).toContain(
      "in 10 of 30 rows: 2 (10 rows)",
    );
  });

  it.each([
    ["nothing", "", "an empty file. Check"],
    ["a header only", "Text,Label\n", "a header without rows. Check"],
    ["bad rows only", "Text,Label\na\nb,\n", "none: 2 rows, 2 of them bad"],
  ])("refuses %s", async (_, content, expected) => {
    const error = await refusal(content);
    expect(error.reason).toBe("NO_ROWS");
    expect(error.message).toContain(`, got ${expected}`);
  });

  it("says that the first line is blank", async () => {
    expect((await refusal("   \na,1\n")).message).toContain("got a blank first line. Check that it is");
  });

  it.each([
    ["UTF-16 text", Buffer.from("\uFEFFText,Label\na,1\n", "utf16le")],
    ["UTF-16 text", Buffer.from("Text,Label\na,1\n", "utf16le")],
    ["a zip archive or spreadsheet", Buffer.from("504b0304aaaa", "hex")],
    ["gzip-compressed bytes", Buffer.from("1f8b0800", "hex")],
    ["binary bytes", Buffer.from([84, 0, 1, 2])],
  ])("refuses %s as no text", async (kind, content) => {
    const error = await refusal(content);
    expect(error.reason).toBe("NOT_TEXT");
    expect(error.message).toContain(`Expected text in UTF-8, got ${kind} in `);
  });

  it("refuses a file whose quotes are all broken", async () => {
    expect((await refusal(`Text,Label\n${'"a,1\n'.repeat(1_002)}b,1\n`)).reason).toBe("QUOTING_BROKEN");
  });

  it.each([
    ["none.csv", "found none. Check the path."],
    ["", "found a folder. Name a file in it."],
  ])("refuses a path where no file is: %j", async (name, expected) => {
    const attempt = readCsv(join(folder, name));
    await expect(attempt).rejects.toMatchObject({ reason: "FILE_UNREADABLE" });
    await expect(attempt).rejects.toThrow(expected);
  });

  it("never repeats a message in an error or problem", async () => {
    const canary = "canary message of somebody";
    const noHeader = await refusal(`${canary},1\n${canary},0\n`);
    const wrongColumn = await refusal(`Label,Text\n${canary},1\nother ${canary},0\n`);
    const { problems } = await read(`Text,Label\nok,1\nx,${canary}\n${canary},1,1\n"${canary}\n`);
    expect(problems).toHaveLength(3);
    for (const text of [noHeader.message, wrongColumn.message, JSON.stringify(problems)])
      expect(text).not.toContain("canary");
  });
});
