import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-train-"));
  // One word decides, so that a few updates suffice to tell whether anything was learned.
  const rows = (count: number, offset: number) =>
    Array.from({ length: count }, (_, i) => {
      const number = i + offset;
      return number % 2 === 0
        ? `you are a nasty person number ${number},1`
        : `what a lovely day number ${number},0`;
    });
  await writeFile(join(cwd, "train.csv"), ["Text,Label", ...rows(300, 0), ""].join("\n"));
  await writeFile(join(cwd, "validation.csv"), ["Text,Label", ...rows(40, 1000), ""].join("\n"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

it("trains a detector that evaluate measures and predict uses", async () => {
  const path = (name: string) => join(cwd, name);
  const model = [
    "--width",
    "16",
    "--num-heads",
    "2",
    "--num-layers",
    "1",
    "--epochs",
    "6",
    "--learning-rate",
    "0.01",
    "--patience",
    "0",
  ];
  const data = ["--train", path("train.csv"), "--validation", path("validation.csv")];
  const places = ["--out", path("models/mine"), "--logs", path("logs")];
  const trained = await runInProcess(["train", ...data, ...model, ...places], { cwd });
  expect(trained.stderr).toContain("epoch 6.00");
  expect(trained.code).toBe(0);
  // One word decides without error, so that no temperature can be told.
  expect(trained.stderr).toContain("\nScores are not calibrated, and surer than they should be");
  const told = (name: string) => readFile(path(`models/mine/${name}`), "utf8");
  expect(JSON.parse(await told("metrics.json")).validation.warnings).toHaveLength(1);
  expect(await told("README.md")).toContain("**Scores are not calibrated");
  const evaluated = await runInProcess(
    ["evaluate", "validation.csv", "--model", "mine", "--json", "--bootstrap", "0"],
    { cwd },
  );
  expect(JSON.parse(evaluated.stdout).metrics.accuracy.value).toBeGreaterThan(0.95);
  const predicted = await runInProcess(["predict", "--model", "mine", "--json", "you are a nasty person"], {
    cwd,
  });
  expect(JSON.parse(predicted.stdout)).toMatchObject({ isCyberbullying: true });
});

it("ends with 2 and the nearest option for a wrong one", async () => {
  const { code, stderr } = await runInProcess(["train", "--trian", "x.csv"], { cwd });
  expect(code).toBe(2);
  expect(stderr).toBe("btp-cli: Unknown option --trian. Did you mean --train? [BAD_OPTION]\n");
});

it.each(["-h", "--help"])("lists its options, help among them, for %s", async (flag) => {
  const { code, stdout, stderr } = await runInProcess(["train", "--train", "x.csv", flag], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Usage: btp-cli train [options]");
  expect(stdout).toMatch(/^ {2}--labels TEXT/m);
  expect(stdout).toMatch(/^ {2}-h, --help/m);
});
