import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOnnxInfo } from "@btp/detector/onnx";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";
import { writeTinyModel } from "../testing/tiny-model.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-export-"));
  await writeTinyModel(join(cwd, "tiny"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const run = (...args: string[]) => runInProcess(["export", "onnx", "--model", "tiny", ...args], { cwd });

it("writes the model and says where", async () => {
  const { code, stdout, stderr } = await run("--out", "out/tiny.onnx");
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `${join(cwd, "out", "tiny.onnx")}\n`,
    stderr: expect.stringMatching(/^\d+ kB, fp32\n$/),
  });
  expect(readOnnxInfo(await readFile(join(cwd, "out", "tiny.onnx")))).toMatchObject({ name: "tiny" });
});

it("tells machines the files, the metadata and what int8 did", async () => {
  await writeFile(join(cwd, "messages.txt"), "one message\nanother\n\n");
  const { code, stdout } = await run(
    ...["--out", "tiny8.onnx", "--precision", "int8", "--calibration", "messages.txt", "--json"],
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    files: [join(cwd, "tiny8.onnx")],
    metadata: { "btp.name": "tiny", "btp.tokenizer": "gpt2" },
    int8: { outputLimit: 0.02 },
  });
});

it("ends with 2 where nothing is calibrated, and 1 where no messages are", async () => {
  expect(await run("--out", "x.onnx", "--calibration", "messages.txt")).toMatchObject({ code: 2 });
  await writeFile(join(cwd, "empty.txt"), "\n");
  const empty = await run("--out", "x.onnx", "--precision", "int8", "--calibration", "empty.txt");
  expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining("FILE_UNREADABLE") });
});

it("reads the messages' column where it is told to, and names what is there", async () => {
  await writeFile(join(cwd, "chat.csv"), "id;chat\n1;one, two\n");
  const measure = (...more: string[]) =>
    run(...["--out", "chat.onnx", "--precision", "int8", "--calibration", "chat.csv", ...more]);
  expect((await measure("--delimiter", ";")).stderr).toContain(
    `Expected a column "Text" in ${join(cwd, "chat.csv")}, got the columns "id", "chat". Did you mean "chat"? Name the column with --text-column, for example --text-column chat.`,
  );
  expect((await measure("--delimiter", ";", "--text-column", "chat")).code).toBe(0);
  expect(await run("--out", "x.onnx", "--delimiter", ";")).toMatchObject({ code: 2 });
});

it("replaces a file only with --overwrite", async () => {
  await writeFile(join(cwd, "there.onnx"), "older");
  const refused = await run("--out", "there.onnx");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("[OUTPUT_EXISTS]") });
  expect(await readFile(join(cwd, "there.onnx"), "utf8")).toBe("older");
  expect((await run("--out", "there.onnx", "--overwrite")).code).toBe(0);
});
