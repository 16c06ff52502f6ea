// One message on its way through a GPT, with every number on the way: the figures of docs/how-gpt-works.md, or those of a
// sentence and a detector of yours. They are computed in figures.mjs. See --help.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findBaseOffline, isEmptyMessage, readArtifact } from "@btp/detector";
import { computeFigures, documentSentence } from "./figures.mjs";

const help = `usage: node examples/how-gpt-works/walk.mjs ["SENTENCE"] [--model DIR]

  "SENTENCE"    what to follow through the model (default: "${documentSentence}")
  --model DIR   a detector directory, or the name of one in models/ (default: the toy beside this file)
  --check       compare with the blocks of docs/how-gpt-works.md; exit code 1 where they differ
  --write       put the figures into docs/how-gpt-works.md

Of several blocks the first is shown, and of long vectors the first eight numbers. Guesses at the next word are worth
something only where a model was trained to make them, as the toy was. The loss behind the gradient is that of the label
"cyberbullying", whatever the sentence says.
`;

const nothingToRead = `Expected a sentence, got nothing that shows. Leave it out to follow "${documentSentence}".`;
const document = fileURLToPath(new URL("../../docs/how-gpt-works.md", import.meta.url));
const toy = fileURLToPath(new URL("toy", import.meta.url));

// `walk.mjs | head` closes our output early: that is no failure.
process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
const wanted = readArguments();
if (typeof wanted === "string") {
  process.stderr.write(`${wanted}\n`);
  process.exitCode = 2;
} else if (wanted.help) process.stdout.write(help);
else process.exitCode = await walk(wanted);

/** @returns what is wanted, or what is wrong with it */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        model: { type: "string" },
        check: { type: "boolean" },
        write: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const [text = documentSentence] = positionals;
    if (positionals.length > 1)
      return `Expected one sentence, got ${positionals.length} arguments. Put quotes around it.`;
    if (isEmptyMessage(text)) return nothingToRead;
    if ((values.check || values.write) && (positionals.length > 0 || values.model !== undefined))
      return "--check and --write are about the document's own sentence and model. Leave out yours.";
    if (values.model === "") return "Expected a detector directory behind --model, got nothing.";
    return { ...values, text };
  } catch (error) {
    return `${error.message}. --help tells of all.`;
  }
}

/** @returns exit code */
async function walk({ text, model = toy, check, write }) {
  let artifact;
  try {
    artifact = await readArtifact(folderOf(model), { resolveBase: findBaseOffline });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  const { figures, tokens, read } = await computeFigures(artifact, text);
  if (read === 0) {
    process.stderr.write(`${nothingToRead}\n`);
    return 2;
  }
  if (read < tokens)
    process.stderr.write(
      `The sentence has ${tokens} tokens, of which the model reads the first ${read}.\n\n`,
    );
  if (check) return checkDocument(figures);
  if (write) return writeDocument(figures);
  for (const [name, lines] of figures) process.stdout.write(`${name}\n${lines.join("\n")}\n\n`);
  return 0;
}

/** As btp-cli does: a path, or a bare name of a folder in models/. */
function folderOf(model) {
  if (/[\\/]/.test(model) || existsSync(join(model, "config.json"))) return model;
  return fileURLToPath(new URL(`../../models/${model}`, import.meta.url));
}

function writeDocument(figures) {
  let page = readFileSync(document, "utf8");
  for (const [name, lines] of figures)
    page = page.replace(blockOf(name), (_, head, __, tail) => `${head}${lines.join("\n")}\n${tail}`);
  writeFileSync(document, page);
  return 0;
}

/** Words must be equal; figures may differ by one in the last digit printed, since exp and tanh do between machines. */
function checkDocument(figures) {
  const page = readFileSync(document, "utf8");
  const wrong = figures.filter(([name, lines]) => {
    const found = blockOf(name).exec(page)?.[2];
    return found === undefined || !isNear(found.trimEnd(), lines.join("\n"));
  });
  for (const [name, lines] of wrong) process.stderr.write(`block "${name}" should be\n${lines.join("\n")}\n`);
  process.stdout.write(`${figures.length - wrong.length} of ${figures.length} blocks as computed\n`);
  return wrong.length > 0 ? 1 : 0;
}

function blockOf(name) {
  return new RegExp(`(<!-- walk: ${name} -->\\n\`\`\`\\n)([^\`]*)(\`\`\`)`);
}

function isNear(a, b) {
  const number = /-?\d+(?:\.\d+)?/g;
  const words = (text) => text.replace(number, "#").replace(/ +/g, " ");
  const [as, bs] = [a.match(number) ?? [], b.match(number) ?? []];
  const unit = (text) => 1.01 * 10 ** -(text.split(".")[1]?.length ?? 9);
  return words(a) === words(b) && as.every((x, i) => Math.abs(Number(x) - Number(bs[i])) <= unit(x));
}
