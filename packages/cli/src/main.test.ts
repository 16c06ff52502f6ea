import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandNames } from "./command-table.js";
import { runInProcess } from "./testing/run-in-process.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(`${tmpdir()}/btp-cli-`);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("help", () => {
  it("lists every command, and how to start", async () => {
    const { code, stdout, stderr } = await runInProcess(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    for (const name of commandNames) expect(stdout).toContain(`  ${name} `);
    expect(stdout).toContain('$ btp-cli predict "You are so stupid!"');
  });

  it.each(commandNames.filter((name) => name !== "completion"))("of %s ends with examples", async (name) => {
    const { code, stdout } = await runInProcess([name, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: btp-cli ${name}`);
    expect(stdout).toMatch(new RegExp(`Examples:\\n  \\$ btp-cli ${name}`));
  });

  it.each([
    ...commandNames.map((name) => [name]),
    ["dataset", "split"],
    ["dataset", "import"],
    ["weights", "verify"],
    [],
  ])("of %s %s lists the exit codes", async (...words) => {
    const { stdout } = await runInProcess([...words, "--help"]);
    const codes = stdout.match(/Exit codes: .*(?:\n.+)*/)?.[0] ?? "";
    for (const code of ["0 ", "1 ", "2 wrong usage", ...(words[0] === "serve" ? [] : ["130 "])])
      expect(codes).toContain(code);
  });

  it("of predict says what each option does", async () => {
    const { stdout } = await runInProcess(["help", "predict"]);
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: btp-cli predict [options] [text...]

      Classify messages. Each argument is one message; without arguments the lines of a pipe are, or what
      is typed at a terminal.

      Arguments:
        text                     messages; quote those with spaces

      Options:
        --model <dir>            detector directory, or the name of one in models/ (default: btp-mini)
                                 (env: BTP_MODEL)
        --file <path>            classify the messages of a CSV, JSONL or TXT file
        --out <path>             with --file: write results here; .csv, .jsonl or .txt (default: stdout)
        --overwrite              with --out: replace what is there
        --format <name>          with --file: its format, if its name does not tell (choices: "csv",
                                 "jsonl", "txt")
        --text-column <name>     with --file: the CSV column of the message (default: Text) or its JSON
                                 key (default: text, message, ...)
        --delimiter <character>  with --file: between the columns of a CSV; \`tab\` for a tabulator
                                 (default: ,)
        --preset <name>          with --file: column and format of a public data set; \`dataset sources\`
                                 tells of each (choices: "elsafoury", "davidson", "olid", "hateval",
                                 "hatecheck", "jigsaw")
        --threshold <score>      count scores from here on as cyberbullying (default: the detector's own)
        --explain                show which words moved the score, by leaving out each in turn
        --json                   print one JSON object a line, for machines
        --engine <name>          what computes; auto takes a GPU where one answers, else jit (choices:
                                 "auto", "jit", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu", default: "auto",
                                 env: BTP_ENGINE)
        --threads <count>        threads to compute with (default: one a core) (env: BTP_THREADS)
        --precision <name>       int8 computes large models in a third of the time and memory, with scores
                                 within 0.02 of fp32's (choices: "fp32", "int8", default: "fp32", env:
                                 BTP_PRECISION)
        -h, --help               display help for command

      The number is the confidence in the label: 0.5 at the threshold, 1 at certainty.
      A message longer than the detector reads is judged by its beginning, with a notice.
      One that is empty or shows nothing but white space is not cyberbullying: score 0, confidence 1.
      Files and pipes are read as UTF-8. Rows that cannot be read are reported with their line and left out.
      Exit codes: 0 done, 1 failed or rows were left out, 2 wrong usage, 130 interrupted (Ctrl-C).

      Examples:
        $ btp-cli predict "You are so stupid!"
        $ btp-cli predict                              a conversation; quit leaves
        $ cat chat.txt | btp-cli predict --json        one object a line
        $ btp-cli predict --file in.csv --out out.csv  the same table with columns added
        $ btp-cli predict --explain "nobody likes you, idiot"
      "
    `);
  });
});

describe("wrong usage", () => {
  it("ends with 2 and the nearest command", async () => {
    const { code, stdout, stderr } = await runInProcess(["predcit", "x"]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: "btp-cli: unknown command 'predcit'\n(Did you mean predict?)\n",
    });
  });

  it.each([
    [["predict", "--threshhold", "0.5"], "(Did you mean --threshold?)"],
    [["doctor", "--jsn"], "(Did you mean --json?)"],
    [["serve", "--prot", "80"], "(Did you mean --port?)"],
  ])("ends with 2 and the nearest option: %j", async (args, expected) => {
    const { code, stderr } = await runInProcess(args);
    expect(code).toBe(2);
    expect(stderr).toContain(expected);
  });

  it.each([
    [["nosuch"], "unknown command 'nosuch'\nSee `btp-cli --help`.\n"],
    [["evaluate"], "missing required argument 'csv'\nSee `btp-cli evaluate --help`.\n"],
    [["dataset", "import", "a.csv"], "'--out <file>' not specified\nSee `btp-cli dataset import --help`.\n"],
    [["predict", "--threshold", "2", "x"], "Expected a number from 0 to 1."],
    [["predict", "--threads", "0", "x"], "Expected a whole number from 1 to 1024."],
    [
      ["predict", "--engine", "gpu", "x"],
      "Allowed choices are auto, jit, tfjs-node-gpu, tfjs-node, tfjs-cpu.",
    ],
    [["predict", "--file", "a.csv", "x"], "Give messages or --file, not both."],
    [["predict", "--out", "b.csv", "x"], "--out needs --file."],
    [["predict", "--overwrite", "x"], "--overwrite needs --file."],
    [
      ["predict", "--file", "a.xls"],
      "Expected a file ending in .csv, .jsonl or .txt, or --format; got a.xls.",
    ],
    [["predict", "--file", "a.csv", "--explain"], "A CSV file has no room for an explanation."],
    [["serve", "--port", "99999"], "port"],
    [["serve", "--log-level", "loud"], "Allowed choices are fatal, error, warn, info, debug, trace, silent."],
    [[], "Usage: btp-cli"],
  ])("ends with 2 and says what was expected: %j", async (args, expected) => {
    const { code, stderr } = await runInProcess(args, { cwd });
    expect(stderr).toContain(expected);
    expect(code).toBe(2);
  });
});

describe("failure", () => {
  it("ends with 1 and says how to get a detector where there is none", async () => {
    const { code, stdout, stderr } = await runInProcess(["predict", "--model", "no-such", "x"], { cwd });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`No detector at ${cwd}/no-such`);
    expect(stderr).toContain("btp-cli train");
    expect(stderr).toContain("[MODEL_NOT_FOUND]");
  });
});

it("prints its version", async () => {
  expect(await runInProcess(["--version"])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
});
