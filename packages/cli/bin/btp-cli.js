#!/usr/bin/env node
/**
 * Starts the command line from dist. Plain JavaScript and committed, because npm links a workspace's `bin` only if the
 * file exists at install. In a clone installed with --ignore-scripts dist is absent: it is built once, here.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// From Node 22.8 on: compiled code is kept between runs, which shortens the start.
module.enableCompileCache?.();

const entry = new URL("../dist/main.js", import.meta.url);
if (!existsSync(entry)) build();
const { main } = await import(entry.href);
await main(process.argv.slice(2));

function build() {
  const packageFolder = fileURLToPath(new URL("..", import.meta.url));
  process.stderr.write("btp-cli: building itself, once\n");
  const { status } = spawnSync(process.execPath, [findCompiler(packageFolder), "-b", packageFolder], {
    stdio: ["ignore", 2, 2],
  });
  // The compiler writes its output even where a type is wrong, in a test for instance: only a missing file stops us.
  if (!existsSync(entry)) {
    process.stderr.write(
      "btp-cli: the build failed. Run `npm ci` in the repository's root, then try again.\n",
    );
    process.exit(1);
  }
  if (status !== 0) process.stderr.write("btp-cli: built in spite of the errors above\n");
}

/** The workspace's TypeScript, wherever npm put it. */
function findCompiler(packageFolder) {
  try {
    const manifest = createRequire(join(packageFolder, "package.json")).resolve("typescript/package.json");
    return join(dirname(manifest), "bin", "tsc");
  } catch {
    process.stderr.write(
      "btp-cli: dist is absent and TypeScript is not installed. Run `npm ci` in the repository's root first.\n",
    );
    process.exit(1);
  }
}
