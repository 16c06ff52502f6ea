import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInProcess } from "./testing/run-in-process.js";

const hasBash = spawnSync("bash", ["-c", "exit 0"]).status === 0;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "btp-completion-"));
  await writeFile(join(cwd, "messages.csv"), "");
  const { stdout } = await runInProcess(["completion", "bash"]);
  await writeFile(join(cwd, "btp-cli.bash"), stdout);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** What TAB offers behind the words; the last one is the one begun. */
function offered(...words: string[]): string[] {
  const typed = ["btp-cli", ...words].map((word) => `'${word}'`).join(" ");
  const script = `source btp-cli.bash; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _btp_cli; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script], { cwd, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

it.each(["bash", "zsh", "fish"])("for %s knows commands, options and choices", async (shell) => {
  const { code, stdout } = await runInProcess(["completion", shell]);
  expect(code).toBe(0);
  expect(stdout).toContain("predict");
  expect(stdout).toMatch(/text-column/);
  expect(stdout).toContain("auto jit tfjs-node-gpu tfjs-node tfjs-cpu");
  expect(stdout).toContain("fatal error warn info debug trace silent");
});

it("for fish offers subcommands until one is there", async () => {
  const { stdout } = await runInProcess(["completion", "fish"]);
  expect(stdout).toContain(
    "'__fish_seen_subcommand_from dataset; and not __fish_seen_subcommand_from import split stats sources' -f -a 'split'",
  );
  expect(stdout).toContain(
    "'__fish_seen_subcommand_from dataset; and __fish_seen_subcommand_from split' -l seed",
  );
});

describe.skipIf(!hasBash)("in bash", () => {
  it("offers subcommands alone where there are any", () => {
    expect(offered("dataset", "")).toEqual(["import", "split", "stats", "sources"]);
    expect(offered("dataset", "s")).toEqual(["split", "stats", "sources"]);
    expect(offered("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(offered("pred")).toEqual(["predict"]);
  });

  it("offers files and options where an argument is due", () => {
    expect(offered("dataset", "split", "mess")).toEqual(["messages.csv"]);
    expect(offered("dataset", "split", "--se")).toEqual(["--seed"]);
    expect(offered("evaluate", "")).toContain("messages.csv");
  });

  it.each([
    [
      ["serve", "--log-level"],
      ["fatal", "error", "warn", "info", "debug", "trace", "silent"],
    ],
    [
      ["serve", "--precision"],
      ["fp32", "int8"],
    ],
    [
      ["train", "--preset"],
      ["compact", "gpt2", "lora"],
    ],
    [
      ["train", "--select-by"],
      ["accuracy", "f1", "auc", "loss"],
    ],
    [
      ["distill", "--engine"],
      ["auto", "jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"],
    ],
    [
      ["dataset", "import", "--preset"],
      ["elsafoury", "davidson", "olid", "hateval", "hatecheck", "jigsaw"],
    ],
  ])("offers the values of an option, each command its own: %j", (words, values) => {
    expect(offered(...words, "")).toEqual(values);
  });
});

it("lists the values of serve's options in its help", async () => {
  const { stdout } = await runInProcess(["serve", "--help"]);
  expect(stdout.replace(/\s+/g, " ")).toContain(
    '(default: info) (choices: "fatal", "error", "warn", "info", "debug", "trace", "silent")',
  );
});
