import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";
import { presetNames } from "./presets.js";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-dataset-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const dataset = (...args: string[]) => runInProcess(["dataset", ...args], { cwd });

it("imports a foreign file by a preset: columns, separator and labels", async () => {
  await writeFile(join(cwd, "olid.tsv"), 'id\ttweet\tsubtask_a\n1\t"quoted, once\tOFF\n2\tkind words\tNOT\n');
  const { code, stdout, stderr } = await dataset(
    "import",
    "olid.tsv",
    "--preset",
    "olid",
    "--out",
    "new/olid.csv",
  );
  expect({ code, stdout }).toEqual({ code: 0, stdout: "2 messages, 1 cyberbullying -> new/olid.csv\n" });
  expect(stderr).toBe("Columns written: Text (was tweet), Label (was subtask_a), id.\n");
  const written = await readFile(join(cwd, "new", "olid.csv"), "utf8");
  expect(written).toBe('Text,Label,id\n"""quoted, once",1,1\nkind words,0,2\n');
});

it("imports with a mapping that drops labels, and leaves repeats and contradictions out", async () => {
  const rows = [
    "a first,yes",
    "@you a first,yes",
    "b second,no",
    "b second!,yes",
    "c third,no",
    "d fourth,maybe",
  ];
  await writeFile(join(cwd, "raw.csv"), ["text,verdict", ...rows, ""].join("\n"));
  const columns = ["--text-column", "text", "--label-column", "verdict", "--labels", "yes=1,no=0,maybe=drop"];
  const { code, stderr } = await dataset("import", "raw.csv", ...columns, "--dedupe", "--out", "clean.csv");
  expect(code).toBe(0);
  expect(stderr).toContain("3 rows left out: repeats, and 1 message that carried both labels");
  expect(await readFile(join(cwd, "clean.csv"), "utf8")).toBe("Text,Label\na first,1\nc third,0\n");
});

it("keeps the other columns in every part of a split, and tells machines what became of the rows", async () => {
  const rows = Array.from(
    { length: 30 },
    (_, i) => `${i},a message about the number ${i} only,"x, ${i}",${i % 2}`,
  );
  await writeFile(join(cwd, "all.csv"), ["id,Text,from,Label", ...rows, "99,bad,y,", ""].join("\n"));
  const { code, stdout, stderr } = await dataset("split", "all.csv", "--out", "parts", "--json");
  expect(code).toBe(0);
  expect(stderr).toContain("1 of 31 rows could not be read and was left out.");
  expect(JSON.parse(stdout)).toMatchObject({
    file: "all.csv",
    rows: 31,
    leftOut: { badRows: 1, problems: { EMPTY_LABEL: 1 }, droppedByLabels: 0, repeats: 0 },
    columns: ["Text", "Label", "id", "from"],
    parts: [
      { name: "train", path: "parts/train.csv", messages: 28 },
      { name: "validation", path: "parts/validation.csv", messages: 2 },
    ],
  });
  const [header, first] = (await readFile(join(cwd, "parts", "train.csv"), "utf8")).split("\n");
  expect(header).toBe("Text,Label,id,from");
  expect(first).toMatch(/^a message about the number (\d+) only,[01],\1,"x, \1"$/);
});

it.each([
  ["import", "data/train.csv"],
  ["split", "data"],
])("does not %s a file onto itself, with --overwrite neither", async (command, out) => {
  await mkdir(join(cwd, "data"));
  await writeFile(join(cwd, "data", "train.csv"), "Text,Label\nbad row\ngood,1\nfine,0\n");
  const { code, stderr } = await dataset(command, "data/train.csv", "--out", out, "--overwrite");
  expect(code).toBe(1);
  expect(stderr).toContain("train.csv is the file that is read, and rows that cannot be read would be lost");
  expect(stderr).toContain("[OUTPUT_IS_INPUT]");
  expect(await readFile(join(cwd, "data", "train.csv"), "utf8")).toContain("bad row");
});

it("splits without loss and does not overwrite unasked", async () => {
  const rows = Array.from({ length: 50 }, (_, i) => `a message about the number ${i} only,${i % 2}`);
  await writeFile(join(cwd, "all.csv"), ["Text,Label", ...rows, ""].join("\n"));
  const args = ["split", "all.csv", "--out", "parts", "--validation", "0.2", "--test", "0.2"];
  const { code, stdout } = await dataset(...args);
  expect(code).toBe(0);
  expect(stdout).toContain("parts/validation.csv: 10 messages, 50.0 % cyberbullying");
  const parts = await Promise.all(
    ["train", "validation", "test"].map((name) => readFile(join(cwd, "parts", `${name}.csv`), "utf8")),
  );
  const together = parts.flatMap((part) => part.trim().split("\n").slice(1));
  expect(together.sort()).toEqual(rows.sort());
  expect(await dataset(...args)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("[OUTPUT_EXISTS]"),
  });
  expect(await dataset(...args, "--overwrite")).toMatchObject({ code: 0 });
});

it("leaves no part of an earlier split, whose messages stand elsewhere now", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `a message about the number ${i} only,${i % 2}`);
  await writeFile(join(cwd, "all.csv"), ["Text,Label", ...rows, ""].join("\n"));
  const split = ["split", "all.csv", "--out", "parts"];
  expect(await dataset(...split, "--test", "0.2")).toMatchObject({ code: 0, stderr: "" });
  const { stderr } = await dataset(...split, "--overwrite");
  expect(stderr).toContain("test.csv is removed: it belonged to an earlier split.");
  expect((await readdir(join(cwd, "parts"))).sort()).toEqual(["train.csv", "validation.csv"]);
});

it("reports repeats, contradictions and leaks", async () => {
  await writeFile(join(cwd, "train.csv"), "Text,Label\n@a you are late again,0\nsomething else,1\n");
  await writeFile(join(cwd, "test.csv"), "Text,Label\n@b you are late again,0\nnew,1\nnew!,0\n");
  const { code, stdout } = await dataset("stats", "test.csv", "--against", "train.csv");
  expect(code).toBe(0);
  expect(stdout).toContain("repeats: 0 letter for letter, 1 more");
  expect(stdout).toContain("both labels: 1 message in 2 rows (lines 3 and 4)");
  expect(stdout).toContain("1 validation message (33.3 %) has a twin among the training messages");
  const json = await dataset("stats", "test.csv", "--against", "train.csv", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    stats: { examples: 3 },
    duplicates: { normalised: 1 },
    overlap: { normalised: 1, pairs: [{ validationLine: 2, trainLine: 2 }] },
  });
});

it("says where every public data set it knows can be had", async () => {
  const { stdout } = await dataset("sources");
  for (const name of presetNames) expect(stdout).toMatch(new RegExp(`^${name}\\n  .+\\n  https://`, "m"));
});
