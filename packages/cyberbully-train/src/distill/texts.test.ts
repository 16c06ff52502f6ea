import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeToyRecipe, writeToyScores } from "../testing/toy-teacher.js";
import { parseRecipe } from "./recipe.js";
import { loadSources } from "./sources.js";
import { readTexts } from "./texts.js";

let folder = "";
let toy: Record<string, unknown> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "btp-texts-"));
  toy = await writeToyRecipe(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const columns = { textColumn: "tweet", labelColumn: "class" };

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

it("reads columns, label mapping and delimiter as train does", async () => {
  const file = write("a.tsv", "id\ttweet\tclass\n1\tone, two\tNone\n2\tthree\tinsult\n3\tfour\tspam\n");
  const texts = { file, ...columns, delimiter: "tab", labels: "none=0,insult=1,spam=drop" };
  const read = await readTexts(file, texts);
  expect(read).toMatchObject({ texts: ["one, two", "three"], badRows: 0, droppedRows: 1 });
  expect([...(read.labels ?? [])]).toEqual([0, 1]);
});

it("says by which key of the recipe labels and columns are told", async () => {
  const file = write("b.csv", `tweet,class\n${"one,insult\ntwo,none\n".repeat(3)}`);
  await expect(readTexts(file, { file, ...columns })).rejects.toThrow(
    'others in 6 of 6 rows: insult (3 rows), none (3 rows). Say what each label means, as in "labels": "none=0,',
  );
  await expect(readTexts(file, { file, ...columns, textColumn: "Text" })).rejects.toThrow(
    'Did you mean "tweet"? Name the columns with "textColumn" and "labelColumn", for example "textColumn": "tweet".',
  );
});

it("reads the lines of a text file without the mark in front of them", async () => {
  const file = write("marked.txt", "\uFEFFone\r\n\uFEFFtwo\nthree");
  expect((await readTexts(file, { file, ...columns })).texts).toEqual(["one", "\uFEFFtwo", "three"]);
});

it.each([
  ["UTF-16 text", Buffer.from("\uFEFFhello\nthere\n", "utf16le")],
  ["UTF-16 text", Buffer.from("\u2018hello there\u2019\nand more\n", "utf16le")],
  ["UTF-16 text", Buffer.from("hello\n", "utf16le").swap16()],
  ["binary bytes", Buffer.from("a text with \0 in it\n")],
  ["gzip-compressed bytes", Buffer.from("1f8b0800", "hex")],
])("refuses %s in a text file", async (kind, content) => {
  const file = join(folder, "wide.txt");
  writeFileSync(file, content);
  const attempt = readTexts(file, { file, ...columns });
  await expect(attempt).rejects.toMatchObject({ code: "BAD_DATA", reason: "NOT_TEXT" });
  await expect(attempt).rejects.toThrow(`got ${kind} in ${file}`);
});

it("does not let a mapping move a teacher's rows", async () => {
  const file = write("c.csv", "Text,Label\none,0\ntwo,1\nthree,2\n");
  await writeToyScores(join(folder, "c.safetensors"), Float32Array.of(1, 2, 3));
  const own = { file, labels: "0=0,1=1,2=drop" };
  const load = (more: Record<string, unknown>) => {
    const { phases } = toy;
    const recipe = parseRecipe({ ...toy, phases, sources: { own: { ...own, ...more }, lines: own } });
    return loadSources(recipe, (path) => join(folder, path.replace(folder, "")));
  };
  await expect(load({ scores: "c.safetensors", vectors: "vectors.safetensors" })).rejects.toThrow(
    "Expected labels that keep every row of",
  );
});
