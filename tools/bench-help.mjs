/**
 * Imported first by the scripts in packages/<package>/bench: with --help they print the comment that they begin with, and
 * measure nothing.
 */
import { readFileSync } from "node:fs";

if (process.argv.slice(2).some((word) => word === "--help" || word === "-h")) {
  const source = readFileSync(process.argv[1], "utf8");
  const [comment = ""] = /^(?:\/\*\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(source) ?? [];
  const lines = comment.split("\n").map((line) => line.replace(/^ ?(?:\/\*\*|\*\/|\*|\/\/) ?/, "").trimEnd());
  process.stdout.write(`${lines.join("\n").trim()}\n`);
  process.exit(0);
}
