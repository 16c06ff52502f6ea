import { expect, it } from "vitest";
import {
  type Message,
  type MessageSource,
  messageSource,
  type Problem,
  type SourceOptions,
} from "./message-source.js";

async function* chunksOf(text: string): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += 7) yield text.slice(i, i + 7);
}

function open(text: string, options: Partial<SourceOptions>): MessageSource {
  return messageSource(chunksOf(text), { format: "csv", textColumn: undefined, maxLength: 100, ...options });
}

async function collect(source: MessageSource): Promise<{ messages: Message[]; problems: Problem[] }> {
  const messages: Message[] = [];
  const problems: Problem[] = [];
  for await (const group of source.groups()) {
    messages.push(...group.messages);
    problems.push(...group.problems);
  }
  return { messages, problems };
}

it("reads the text column of a CSV, quotes, line breaks and all, and keeps the row", async () => {
  const source = open('\ufeffLabel,Text\r\n1,"a, ""b""\nc"\r\n0,plain\r\n', {});
  const { messages, problems } = await collect(source);
  expect(source.header).toEqual(["Label", "Text"]);
  expect(messages).toEqual([
    { text: 'a, "b"\nc', line: 2, cells: ["1", 'a, "b"\nc'], fields: { Label: "1", Text: 'a, "b"\nc' } },
    { text: "plain", line: 4, cells: ["0", "plain"], fields: { Label: "0", Text: "plain" } },
  ]);
  expect(problems).toEqual([]);
});

it("takes the column it is told, in any case", async () => {
  const { messages } = await collect(open("a,Chat\n1,hello\n", { textColumn: "chat" }));
  expect(messages.map(({ text }) => text)).toEqual(["hello"]);
});

it("guesses no column: names those there are, as training does", async () => {
  await expect(collect(open("id,message\n1,2\n", { path: "in.csv" }))).rejects.toThrow(
    'Expected a column "Text" in in.csv, got the columns "id", "message". Did you mean "message"? Name the column with --text-column, for example --text-column message.',
  );
  await expect(collect(open("", {}))).rejects.toThrow(expect.objectContaining({ reason: "COLUMN_MISSING" }));
});

it("reports rows that have no message, too many cells or too long a text, and reads on", async () => {
  const { messages, problems } = await collect(
    open(`id,text\n1\n2,ok,extra\n3,${"x".repeat(101)}\n4,fine\n`, {}),
  );
  expect(messages.map(({ text }) => text)).toEqual(["fine"]);
  expect(problems.map(({ line }) => line)).toEqual([2, 3, 4]);
});

it("reports a quote that never closes and bytes that are not UTF-8, and reads on, as training does", async () => {
  async function* bytes() {
    yield Buffer.from('text,id\n"never closed,1\nfine,2\n');
    yield Buffer.of(0xff, 0x2c, 0x33, 0x0a);
    yield Buffer.from("also fine,4\n");
  }
  const source = messageSource(bytes(), { format: "csv", textColumn: undefined, maxLength: 100 });
  const { messages, problems } = await collect(source);
  expect(messages.map(({ text, line }) => [text, line])).toEqual([
    ["fine", 3],
    ["also fine", 5],
  ]);
  expect(problems).toMatchObject([
    { line: 2, code: "UNCLOSED_QUOTE" },
    { line: 4, code: "INVALID_UTF8" },
  ]);
});

it("refuses what is no text, and takes another delimiter", async () => {
  async function* bytes() {
    yield Buffer.from("PK\u0003\u0004");
  }
  const zip = messageSource(bytes(), { format: "csv", textColumn: undefined, maxLength: 100 });
  await expect(collect(zip)).rejects.toThrow(expect.objectContaining({ reason: "NOT_TEXT" }));
  const { messages } = await collect(open("id;text\n1;a,b\n", { csvFormat: { delimiter: ";" } }));
  expect(messages.map(({ text }) => text)).toEqual(["a,b"]);
});

it("refuses UTF-16 in every format, and takes a NUL for a character of a line", async () => {
  async function* wide() {
    yield Buffer.from("\ufeffhello\n", "utf16le");
  }
  for (const format of ["csv", "jsonl", "txt"] as const) {
    const source = messageSource(wide(), { format, path: "in", textColumn: undefined, maxLength: 100 });
    await expect(collect(source)).rejects.toThrow(
      "Expected text in UTF-8, got UTF-16 text in in. Save it in UTF-8 and try again.",
    );
  }
  const { messages } = await collect(open("one\0\ntwo\n", { format: "txt" }));
  expect(messages.map(({ text }) => text)).toEqual(["one\0", "two"]);
});

it("holds no more than it has been asked for", async () => {
  let asked = 0;
  async function* endless() {
    yield Buffer.from("text\n");
    for (;;) yield Buffer.from(`row ${++asked}\n`.repeat(1000));
  }
  let rows = 0;
  for await (const { messages } of messageSource(endless(), {
    format: "csv",
    textColumn: undefined,
    maxLength: 100,
  }).groups()) {
    rows += messages.length;
    expect(asked).toBeLessThanOrEqual(rows / 1000 + 2);
    if (rows > 20_000) break;
  }
});

it("reads JSON lines: objects by key, plain strings, and reports what is neither", async () => {
  const lines = ['{"id":7,"message":"hi"}', '"yo"', "{", "[1]", '{"id":8}', ""].join("\n");
  const { messages, problems } = await collect(open(`${lines}\n`, { format: "jsonl" }));
  expect(messages).toEqual([
    { text: "hi", line: 1, fields: { id: 7, message: "hi" } },
    { text: "yo", line: 2 },
  ]);
  expect(problems.map(({ line }) => line)).toEqual([3, 4, 5, 6]);
});

it("reads every line of a text file, empty ones too", async () => {
  const { messages } = await collect(open("a\n\nb", { format: "txt" }));
  expect(messages).toEqual([
    { text: "a", line: 1 },
    { text: "", line: 2 },
    { text: "b", line: 3 },
  ]);
});
