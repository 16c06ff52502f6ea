import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createConfig } from "../config/config.js";
import { readDataSets } from "./data-sets.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-data-sets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

it("reads files as columns, label mapping and delimiter say", async () => {
  const config = createConfig({
    train: write("train.tsv", "tweet\tclass\nyou fool, you\tinsult\nlovely\tnone\nwho knows\tunsure\n"),
    validation: write("validation.tsv", "tweet\tclass\nfool\tinsult\nfine\tnone\n"),
    textColumn: "tweet",
    labelColumn: "class",
    labels: "insult=1,none=0,unsure=drop",
    delimiter: "tab",
  });
  const { train, validation } = await readDataSets(config);
  expect(train.examples.map(({ text, label }) => [text, label])).toEqual([
    ["you fool, you", 1],
    ["lovely", 0],
  ]);
  expect(validation.examples.map(({ label }) => label)).toEqual([1, 0]);
});

it("tells of one row as of one", async () => {
  const { notes } = await readDataSets(
    createConfig({
      train: write("one.csv", "Text,Label\nyou fool,1\nYou fool!,1\nlovely,0\n,0\nno label,\n"),
      validation: write("other.csv", "Text,Label\nlovely,0\nidiot,1\n"),
    }),
  );
  const told = notes.join("\n");
  expect(told).toContain("1 bad row left out: line 6");
  expect(told).toContain("1 message is empty and left out");
  expect(told).toContain("0 messages repeat an earlier one letter for letter, 1 apart");
  expect(told).toContain("1 validation message (50.0 %) has a twin");
});
