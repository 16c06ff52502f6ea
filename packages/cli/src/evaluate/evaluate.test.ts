import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";
import { writeTinyModel } from "../testing/tiny-model.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-evaluate-"));
  await writeTinyModel(join(cwd, "tiny"));
  const rows = Array.from({ length: 40 }, (_, i) => `message number ${i} of ${i * 37},${i % 2}`);
  await writeFile(join(cwd, "labelled.csv"), ["Text,Label", ...rows, "no label,", ""].join("\n"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

function run(args: readonly string[]) {
  return runInProcess([...args, "--model", "tiny", "--engine", "tfjs-cpu"], { cwd });
}

it("gives the figures that the messages' own decisions add up to", async () => {
  const { code, stdout, stderr } = await run(["evaluate", "labelled.csv", "--json", "--bootstrap", "50"]);
  expect(code).toBe(0);
  expect(stderr).toContain("line 42 was left out: the label is empty");
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ messages: 40, positive: 20, threshold: 0.5, model: { name: "tiny" } });
  const predicted = await run(["predict", "--file", "labelled.csv", "--json"]);
  const decisions = predicted.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const right = decisions.slice(0, 40).filter((one) => one.isCyberbullying === (one.Label === "1"));
  expect(report.metrics.accuracy.value).toBeCloseTo(right.length / 40, 12);
  expect(report.metrics.accuracy.interval.low).toBeLessThanOrEqual(report.metrics.accuracy.value);
});

it("prints a table and draws four plots", async () => {
  const { code, stdout } = await run(["evaluate", "labelled.csv", "--bootstrap", "0", "--plots", "plots"]);
  expect(code).toBe(0);
  expect(stdout).toContain("40 messages, 20 cyberbullying (50.0 %)");
  expect((await readdir(join(cwd, "plots"))).sort()).toEqual(
    ["confusion", "precision-recall", "reliability", "roc"].flatMap((name) => [`${name}.png`, `${name}.svg`]),
  );
});

it("reads another file's columns and labels", async () => {
  await writeFile(join(cwd, "other.csv"), "label_gold,test_case\nhateful,one\nnon-hateful,two\n");
  const { code, stdout } = await run([
    "evaluate",
    "other.csv",
    "--preset",
    "hatecheck",
    "--json",
    "--bootstrap",
    "0",
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ messages: 2, positive: 1 });
});

it("tells of each kind of message apart", async () => {
  await writeFile(join(cwd, "kinds.csv"), "Text,Label,Kind\none,1,threat\ntwo,0,praise\nthree,0,praise\n");
  const args = ["evaluate", "kinds.csv", "--by", "kind", "--bootstrap", "0"];
  const { code, stdout } = await run([...args, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).groups).toMatchObject([
    { group: "praise", messages: 2, positive: 0, falseNegativeRate: null },
    { group: "threat", messages: 1, positive: 1, falsePositiveRate: null },
  ]);
  expect((await run(args)).stdout).toMatch(/group .*accuracy\n[\s\S]*praise +2 +0/);
});

it("names the nearest column where the one it wants is not there", async () => {
  const { code, stderr } = await run(["evaluate", "labelled.csv", "--text-column", "Txt"]);
  expect(code).toBe(1);
  expect(stderr).toContain('Did you mean "Text"?');
});
