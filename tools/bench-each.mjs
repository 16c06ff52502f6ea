/**
 * `npm run bench` of a package with several: node ../../tools/bench-each.mjs NAME [NAME ...] -- [ARGUMENT ...]
 * Runs bench/NAME.mjs one after the other with the arguments (options that one does not know it ignores). When the first
 * argument is one of the names, that one alone: npm run bench -w @btp/core-gpt -- generate --help
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const words = process.argv.slice(2);
const end = words.indexOf("--");
const [names, given] = [words.slice(0, end), words.slice(end + 1)];
const isOneOf = names.includes(given[0]);
if (given[0] !== undefined && !isOneOf && !given[0].startsWith("-")) {
  console.error(`Expected one of ${names.join(", ")}, or options alone, got "${given[0]}".`);
  process.exit(2);
}
const wanted = isOneOf ? [given[0]] : names;
const argv = isOneOf ? given.slice(1) : given;

for (const name of wanted) {
  if (wanted.length > 1) console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [join("bench", `${name}.mjs`), ...argv], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
