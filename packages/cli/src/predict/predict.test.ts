import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunSettings, runInProcess } from "../testing/run-in-process.js";
import { writeTinyModel } from "../testing/tiny-model.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-predict-"));
  await writeTinyModel(join(cwd, "models", "tiny"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

function predict(args: readonly string[], settings: RunSettings = {}) {
  return runInProcess(["predict", "--model", "tiny", "--engine", "tfjs-cpu", ...args], { cwd, ...settings });
}

async function scoresOf(texts: readonly string[]): Promise<number[]> {
  const { stdout } = await predict(["--json", ...texts]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).score);
}

describe("predict", () => {
  it("answers a line an argument", async () => {
    const { code, stdout, stderr } = await predict(["hello you", "go away"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^(not cyberbullying|cyberbullying {5}) {2}\d\.\d\d {2}hello you\n.* {2}go away\n$/,
    );
    expect(stderr).toBe("");
  });

  it("answers an object a line with --json", async () => {
    const { stdout } = await predict(["--json", "hello you"]);
    expect(Object.keys(JSON.parse(stdout))).toEqual([
      "text",
      "label",
      "isCyberbullying",
      "confidence",
      "score",
      "threshold",
      "tokens",
      "truncated",
    ]);
  });

  it("answers every line of a pipe in order, empty ones too", async () => {
    const texts = ["one", "", "three\u00e9", "four"];
    const { stdout, code } = await predict(["--json"], { stdin: ["one\n\nthr", "ee\u00e9\r\nfour"] });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines.map(({ text }) => text)).toEqual(texts);
    // 1e-5: the contract between batches.
    (await scoresOf(texts)).forEach((score, i) => {
      expect(Math.abs(score - lines[i].score)).toBeLessThan(1e-5);
    });
  });

  it("refuses a pipe of UTF-16", async () => {
    const { code, stdout, stderr } = await predict([], { stdin: [Buffer.from("\ufeffhello\n", "utf16le")] });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("got UTF-16 text in standard input. Save it in UTF-8 and try again. [BAD_DATA]");
  });

  it("answers nothing to an empty pipe", async () => {
    expect(await predict([])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("says which message was longer than the detector reads", async () => {
    const { stderr } = await predict(["short", "x".repeat(30)]);
    expect(stderr).toBe("btp-cli: message 2: 30 tokens, of which the first 24 were read\n");
  });

  it("shortens a long message at a terminal, and nowhere else", async () => {
    const long = "a long message ".repeat(20).trim();
    const terminal = { columns: 60, env: { NO_COLOR: "1" } };
    await writeFile(join(cwd, "long.txt"), `${long}\nshort\n`);
    for (const source of [
      [long, "short"],
      ["--file", "long.txt"],
    ]) {
      const [first, second] = (await predict(source, terminal)).stdout.split("\n");
      expect(first).toMatch(/ {2}a long message .*…$/);
      expect(first).toHaveLength(60);
      expect(second).toMatch(/ {2}short$/);
      expect((await predict(source)).stdout).toContain(long);
      expect((await predict([...source, "--json"], terminal)).stdout).toContain(long);
    }
    expect((await predict([long, "--explain"], terminal)).stdout).toContain(long);
    await predict(["--file", "long.txt", "--out", "long-people.txt"], terminal);
    expect(await readFile(join(cwd, "long-people.txt"), "utf8")).toContain(long);
  });

  it("decides by --threshold", async () => {
    const [low, high] = await Promise.all([
      predict(["--threshold", "0", "--json", "a"]),
      predict(["--threshold", "1", "--json", "a"]),
    ]);
    expect(JSON.parse(low.stdout)).toMatchObject({ threshold: 0, isCyberbullying: true });
    expect(JSON.parse(high.stdout)).toMatchObject({ threshold: 1, isCyberbullying: false });
  });

  it("explains by the words' effects, in --json too", async () => {
    const { stdout } = await predict(["--explain", "--json", "you bad dog"]);
    const { score, words } = JSON.parse(stdout);
    expect(words.map(({ word }: { word: string }) => word)).toEqual(["you", "bad", "dog"]);
    const [without] = await scoresOf(["you dog"]);
    expect(words[1].effect).toBeCloseTo(score - without!, 5);
  });

  it("colours where it is told to, and never in --json", async () => {
    const env = { FORCE_COLOR: "1" };
    expect((await predict(["a"], { env })).stdout).toContain("\u001b[");
    expect((await predict(["--json", "a"], { env })).stdout).not.toContain("\u001b[");
    expect((await predict(["a"], { env: { ...env, NO_COLOR: "1" } })).stdout).not.toContain("\u001b[");
  });

  it("talks at a terminal until quit", async () => {
    const { code, stdout, stderr } = await predict([], { typed: "hello\n\nquit\nnever read\n" });
    expect(code).toBe(0);
    expect(stderr).toContain("`quit` leaves");
    expect(stdout).toMatch(/cyberbullying\s+\d\.\d\d {2}hello\n/);
    expect(stdout).not.toMatch(/\d\.\d\d {2}never read/);
  });

  it("ends at a terminal's end of input", async () => {
    const { code, stdout } = await predict([], { typed: "hello\n" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d\.\d\d {2}hello\n/);
  });
});

describe("predict --file", () => {
  const csv = 'id,Text\n1,"hello, you"\n2,"two\nlines"\n3\n4,go away\n';

  it("adds columns to a CSV, reports what it left out, and ends with 1 for it", async () => {
    await writeFile(join(cwd, "in.csv"), csv);
    const { code, stdout, stderr } = await predict(["--file", "in.csv", "--out", "out.csv"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const written = await readFile(join(cwd, "out.csv"), "utf8");
    expect(written).toMatch(
      /^id,Text,label,isCyberbullying,confidence,score,threshold,tokens,truncated\n1,"hello, you",/,
    );
    expect(written).toContain('\n2,"two\nlines",');
    expect(stderr).toContain("line 5 was left out: expected 2 columns, got 1");
    expect(stderr).toMatch(/3 messages, \d of them cyberbullying; 1 row left out\n$/);
  });

  it("gives the same decisions in every format", async () => {
    await writeFile(join(cwd, "a.txt"), "hello\ngo away\n");
    await writeFile(join(cwd, "a.jsonl"), '{"message":"hello"}\n"go away"\n');
    const expected = await scoresOf(["hello", "go away"]);
    for (const file of ["a.txt", "a.jsonl"]) {
      const { code, stdout } = await predict(["--file", file, "--json"]);
      expect(code).toBe(0);
      const scores = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).score);
      scores.forEach((score, i) => {
        expect(Math.abs(score - expected[i]!)).toBeLessThan(1e-5);
      });
    }
  });

  it("reads a CSV by the columns that train and evaluate take", async () => {
    await writeFile(join(cwd, "semi.csv"), "id;chat\n1;hello, you\n");
    const read = (...more: string[]) => predict(["--file", "semi.csv", "--json", ...more]);
    const { stdout } = await read("--text-column", "chat", "--delimiter", ";");
    expect(JSON.parse(stdout)).toMatchObject({ text: "hello, you", id: "1" });
    expect((await read("--delimiter", "xy")).stderr).toContain("one character");
    await writeFile(join(cwd, "olid.tsv"), 'id\ttweet\n1\t"hello\n');
    const preset = await predict(["--file", "olid.tsv", "--format", "csv", "--preset", "olid", "--json"]);
    expect(JSON.parse(preset.stdout)).toMatchObject({ text: '"hello' });
    const { code, stderr } = await predict(["--file", "a.jsonl", "--delimiter", ";"]);
    expect(code).toBe(2);
    expect(stderr).toContain("are for CSV files");
  });

  it("takes --out's format from its name", async () => {
    await writeFile(join(cwd, "b.txt"), "hello\n");
    await predict(["--file", "b.txt", "--out", "b-out.jsonl", "--explain"]);
    const line = JSON.parse(await readFile(join(cwd, "b-out.jsonl"), "utf8"));
    expect(line).toMatchObject({ text: "hello", words: [{ word: "hello" }] });
  });

  it("writes a header for a table without rows", async () => {
    await writeFile(join(cwd, "empty.csv"), "text\n");
    const { code, stdout } = await predict(["--file", "empty.csv"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "text,label,isCyberbullying,confidence,score,threshold,tokens,truncated\n",
    });
  });

  it("keeps an older result and leaves no half one when it fails", async () => {
    await writeFile(join(cwd, "bad.csv"), "a,b\n1,2\n");
    await writeFile(join(cwd, "kept.csv"), "older");
    const { code, stderr } = await predict(["--file", "bad.csv", "--out", "kept.csv", "--overwrite"]);
    expect(code).toBe(1);
    expect(stderr).toContain('Expected a column "Text"');
    expect(await readFile(join(cwd, "kept.csv"), "utf8")).toBe("older");
    expect((await readdir(cwd)).filter((name) => name.includes(".part"))).toEqual([]);
  });

  it("replaces a file only with --overwrite, and makes the folder of a new one", async () => {
    await writeFile(join(cwd, "c.txt"), "hello\n");
    const write = (...more: string[]) => predict(["--file", "c.txt", "--out", "new/folder/c.jsonl", ...more]);
    expect((await write()).code).toBe(0);
    const first = await readFile(join(cwd, "new/folder/c.jsonl"), "utf8");
    await writeFile(join(cwd, "c.txt"), "hello\nagain\n");
    expect(await write()).toEqual({
      code: 1,
      stdout: "",
      stderr: `btp-cli: ${join(cwd, "new/folder/c.jsonl")} is there already. Give another --out, or --overwrite. [OUTPUT_EXISTS]\n`,
    });
    expect(await readFile(join(cwd, "new/folder/c.jsonl"), "utf8")).toBe(first);
    expect((await write("--overwrite")).code).toBe(0);
    expect(await readFile(join(cwd, "new/folder/c.jsonl"), "utf8")).toMatch(/"again"/);
  });

  it("does not write onto the file it reads, whatever that is called", async () => {
    await writeFile(join(cwd, "own.csv"), "Text\nhello\n");
    await link(join(cwd, "own.csv"), join(cwd, "link.csv"));
    for (const out of ["own.csv", "./new/../own.csv", "link.csv"]) {
      const { code, stderr } = await predict(["--file", "own.csv", "--out", out, "--overwrite"]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/is the file that is read, .* Give another --out. \[OUTPUT_IS_INPUT\]\n$/);
    }
    expect(await readFile(join(cwd, "own.csv"), "utf8")).toBe("Text\nhello\n");
  });

  it.each([
    ["nothing", "nowhere.csv", "nowhere.csv, found none. Check the path."],
    ["a folder", "folder.csv", "folder.csv, found a folder. Name a file in it."],
  ])("is refused where there is %s", async (_, file, expected) => {
    await mkdir(join(cwd, "folder.csv"), { recursive: true });
    const { code, stderr } = await predict(["--file", file]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${expected} [FILE_UNREADABLE]`);
  });
});
