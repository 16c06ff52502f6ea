// Checks the documents: every relative link leads to a file (and heading), and every fenced block that follows a line
// `<!-- checked -->` is run: lines that begin with `$ ` are commands, the lines after them what they print. Figures may
// differ (each number matches any number, and each model@DIGEST any digest) and a line `...` stands for any lines. Blocks that need a model that is not there
// are skipped with a reason. Behind `<!-- checked with a server -->` the default detector is served meanwhile, and
// localhost:8000 in the commands stands for it.
//   node tools/check-docs.mjs [FILE...]     only these; `npm test` checks all
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./install.mjs";

/**
 * @param {string[]} files - from the root of the repository
 * @returns {number} how many things are wrong; each is printed
 */
export function checkDocs(files = allDocuments()) {
  const problems = files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return [...brokenLinks(file, text), ...blocks(text).flatMap((block) => failures(file, block))];
  });
  for (const problem of problems) console.error(problem);
  console.log(`${files.length} documents checked, ${problems.length} problems.`);
  return problems.length;
}

function allDocuments() {
  return spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: root,
    encoding: "utf8",
  })
    .stdout.split("\n")
    .filter((file) => file && existsSync(join(root, file)));
}

function brokenLinks(file, text) {
  const prose = text.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "");
  const problems = [];
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path, heading] = target.split("#");
    const full = path ? join(root, dirname(file), decodeURI(path)) : join(root, file);
    if (!existsSync(full)) problems.push(`${file}: the link ${target} leads nowhere`);
    else if (heading && full.endsWith(".md") && !headings(readFileSync(full, "utf8")).has(heading)) {
      problems.push(`${file}: ${relative(root, full)} has no heading #${heading}`);
    }
  }
  return problems;
}

/** GitHub's anchors: lower case, punctuation dropped, spaces to hyphens. */
function headings(text) {
  const titles = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/^#+\s+(.*)$/gm)];
  return new Set(
    titles.map(([, title]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replace(/\s/g, "-"),
    ),
  );
}

/** The checked blocks as lists of {command, served, expected lines}. */
function blocks(text) {
  const pattern = /<!-- checked( with a server)? -->\s*\n```[a-z]*\n([\s\S]*?)```/g;
  return [...text.matchAll(pattern)].map(([, served, body]) => {
    const steps = [];
    for (const line of body.replace(/\n$/, "").split("\n")) {
      if (line.startsWith("$ ")) steps.push({ command: line.slice(2), served, expected: [] });
      else steps.at(-1)?.expected.push(line);
    }
    return steps;
  });
}

function failures(file, steps) {
  const problems = [];
  for (const { command, served, expected } of steps) {
    const model = /models\/[\w-]+/.exec(command)?.[0];
    if (model && !existsSync(join(root, model))) {
      console.log(
        `${file}: skipped \`${command}\`: ${model} is not there (npm run quickstart makes models/quickstart)`,
      );
      continue;
    }
    if (served && spawnSync("curl", ["--version"]).status !== 0) {
      console.log(`${file}: skipped \`${command}\`: curl is not installed`);
      continue;
    }
    const script = served ? withServer(command) : command;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` },
    });
    if (status !== 0)
      problems.push(`${file}: \`${command}\` ended with code ${status}: ${stderr.trim().split("\n").at(-1)}`);
    else if (!matches(expected, stdout.trimEnd().split("\n"))) {
      problems.push(
        `${file}: \`${command}\` prints\n${indent(stdout)}\nand the document says\n${indent(expected.join("\n"))}`,
      );
    }
  }
  return problems;
}

/** The command, between the start of a server and its end. */
function withServer(command) {
  const port = 20_000 + (process.pid % 20_000);
  return `
    node packages/inference-api/dist/main.js --port ${port} --workers 1 >/dev/null 2>&1 &
    trap "kill $!; wait $!" EXIT
    for try in {1..300}; do curl -sf localhost:${port}/health/ready >/dev/null && break; sleep 0.2; done
    ${command.replaceAll("localhost:8000", `localhost:${port}`)}`;
}

function matches(expected, actual) {
  const pattern = expected
    .map((line) =>
      line === "..."
        ? "(?:.*\n)*?"
        : `${escapePattern(line.trimEnd()).replace(/@[\da-f]{12}|\d+(?:\\\.\d+)?/g, (found) => (found.startsWith("@") ? "@[\\da-f]{12}" : "\\d+(?:\\.\\d+)?"))}\\s*\n`,
    )
    .join("");
  return new RegExp(`^${pattern}$`).test(`${actual.join("\n")}\n`);
}

function escapePattern(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function indent(text) {
  return text.trimEnd().replace(/^/gm, "    ");
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = checkDocs(process.argv.length > 2 ? process.argv.slice(2) : undefined) > 0 ? 1 : 0;
