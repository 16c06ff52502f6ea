/** The scripts in packages/<package>/bench, which belong to no package's tests. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "@btp/test-kit";
import { expect, it } from "vitest";

const root = repositoryRoot();

it("prints a script's own comment for --help and does not run it", () => {
  const folder = mkdtempSync(join(tmpdir(), "btp-bench-"));
  try {
    const path = join(folder, "bench.mjs");
    const helper = pathToFileURL(join(root, "tools", "bench-help.mjs")).href;
    writeFileSync(path, `// Measures.\n//   --rounds N\nimport "${helper}";\nconsole.log("ran");\n`);
    const run = (...args: string[]) => spawnSync(process.execPath, [path, ...args], { encoding: "utf8" });
    expect(run("--help")).toMatchObject({ status: 0, stdout: "Measures.\n  --rounds N\n", stderr: "" });
    expect(run("--rounds", "1").stdout).toBe("ran\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it.each([
  "core-gpt/bench/generate.mjs",
  "core-gpt/bench/tokenizer.mjs",
  "cyberbully-train/bench/compact.mjs",
  "cyberbully-train/bench/distill-step.mjs",
  "cyberbully-train/bench/fine-tune.mjs",
  "inference-api/bench/http.mjs",
  "inference-api/bench/soak.mjs",
  "tfjs-jit/bench/block.mjs",
  "weights-gpt2/bench/load.mjs",
])("is what %s does first", (script) => {
  const source = readFileSync(join(root, "packages", script), "utf8");
  expect(/^import .*$/m.exec(source)?.[0]).toBe('import "../../../tools/bench-help.mjs";');
});
