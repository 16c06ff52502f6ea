// `npm test`: installs if needed, then everything that CI checks: lock file, lint, types, tests of every package, documents.
// `npm test -- core-gpt tfjs-jit` runs the tests of those packages alone.
// Closes with one line of counts over all packages.
import { spawn } from "node:child_process";
import { checkDocs } from "./check-docs.mjs";
import { checkLock } from "./check-lock.mjs";
import { ensureInstalled, root, runTool } from "./install.mjs";

ensureInstalled();
const projects = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));

if (projects.length === 0) {
  runTool("biome", ["ci", "."]);
  checkLock();
}
runTool("tsc", ["-b"]);

const args = [
  "run-many",
  "-t",
  "test",
  "--outputStyle=stream",
  ...(projects.length > 0 ? ["-p", projects.join(",")] : []),
];
const { status, counts } = await runTests("nx", args);
const problems = projects.length === 0 ? checkDocs() : 0;
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = status || (problems > 0 ? 1 : 0);

/** Runs nx with its output shown, and adds up what each package's vitest reports. */
function runTests(name, args) {
  return new Promise((resolve, reject) => {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const child = spawn(
      `${root}node_modules/.bin/${name}${process.platform === "win32" ? ".cmd" : ""}`,
      args,
      {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
        shell: process.platform === "win32",
      },
    );
    let rest = "";
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      for (const line of lines) count(line, counts);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ status: code ?? 1, counts }));
  });
}

/** vitest's summary: `Tests  1 failed | 20 passed | 2 skipped (23)`, with a package's prefix and colours. */
function count(line, counts) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with the escape character
  const plain = line.replace(/\u001b\[[0-9;]*m/g, "");
  const summary = /\bTests {2}(.*)\(\d+\)/.exec(plain)?.[1];
  for (const [, number, kind] of summary?.matchAll(/(\d+) (passed|failed|skipped)/g) ?? [])
    counts[kind] += Number(number);
}
