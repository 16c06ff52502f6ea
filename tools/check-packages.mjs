// Checks what would be published: packs each package, lints the archive (publint, Are the types wrong), guards its size,
// installs the archives into fresh projects, and there runs the README's first example and compiles three lines of
// TypeScript against its types. `npm run check-packages`: a minute or two, and the npm registry for the dependencies.
//   node tools/check-packages.mjs [--no-install]
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureInstalled, root, runTool } from "./install.mjs";
import { consumers, fixtures } from "./package-consumers.mjs";

/** Packed size in kB that may not be exceeded; raised only in the commit that needs it. */
const limits = {
  "core-gpt": 50,
  "tfjs-jit": 110,
  "weights-gpt2": 65,
  detector: 40,
  "cyberbully-train": 180,
  "inference-api": 440,
  cli: 9_300, // the default detector, 9 MB of it
};

/** What must not be below node_modules of a project that wants the package alone. */
const strangers = {
  "core-gpt": [
    "express",
    "onnxruntime-node",
    "@tensorflow/tfjs-node-gpu",
    "@tensorflow/tfjs-node",
    "vega",
    "zod",
  ],
  detector: ["express", "@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node", "vega"],
};

const sizesPage = readFileSync(join(root, "docs/packages.md"), "utf8");
const problems = [];
ensureInstalled();
runTool("tsc", ["-b"]);
const work = mkdtempSync(join(tmpdir(), "btp-packages-"));
try {
  const archives = new Map(Object.keys(limits).map((name) => [name, pack(name)]));
  for (const [name, archive] of archives) lint(name, archive.path);
  if (!process.argv.includes("--no-install")) tryOut(archives);
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
console.log(`${Object.keys(limits).length} packages checked, ${problems.length} problems.`);
process.exitCode = problems.length > 0 ? 1 : 0;

function pack(name) {
  // Without `prepack`: what it makes is there after the build; run it once where it is not.
  const { stdout } = must(
    "npm",
    ["pack", "--json", "--pack-destination", work],
    join(root, "packages", name),
  );
  const [info] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
  const files = info.files.map(({ path }) => path);
  for (const wanted of ["README.md", "LICENSE", "package.json"])
    if (!files.includes(wanted)) problems.push(`${name}: the archive has no ${wanted}`);
  const odd = files.filter((file) => /\.test\.|\.map$|tsbuildinfo|goldens|^bench\/|^src\//.test(file));
  if (odd.length > 0) problems.push(`${name}: the archive has ${odd.slice(0, 5).join(", ")}`);
  const size = Math.ceil(info.size / 1000);
  console.log(
    `${info.name} ${size} kB packed, ${Math.ceil(info.unpackedSize / 1000)} kB unpacked, ${files.length} files`,
  );
  const stated = Number(new RegExp(`packages/${name}\\) \\|.*?\\| (\\d+) kB`).exec(sizesPage)?.[1]);
  if (!(Math.abs(size - stated) <= 0.15 * size))
    problems.push(`${name}: docs/packages.md says ${stated} kB packed, but it is ${size} kB`);
  if (size > limits[name]) problems.push(`${name}: ${size} kB packed, more than ${limits[name]}`);
  return { path: join(work, info.filename.replace("@", "").replace("/", "-")), name: info.name };
}

function lint(name, archive) {
  for (const [tool, args] of [
    ["publint", [archive, "--strict"]],
    ["attw", ["--profile", "esm-only", "--no-emoji", archive]],
  ]) {
    const program = find(tool);
    if (program === undefined) {
      console.log(`skipped: ${tool} is not installed`);
      continue;
    }
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) problems.push(`${name}: ${tool} says\n${stdout}${stderr}`);
  }
}

function find(tool) {
  const folders = [join(root, "node_modules/.bin"), ...(process.env.PATH ?? "").split(":")];
  return folders.map((folder) => join(folder, tool)).find(existsSync);
}

function tryOut(archives) {
  for (const [name, unwanted] of Object.entries(strangers)) {
    // A package of ours that another needs is not in the registry yet: its archive is given too.
    const own = dependenciesOf(name).map((other) => archives.get(other).path);
    const project = install(`only-${name}`, own);
    for (const stranger of unwanted)
      if (existsSync(join(project, "node_modules", stranger)))
        problems.push(`${name}: whoever installs it gets ${stranger} too`);
    runConsumer(name, project);
  }
  const rest = Object.keys(limits).filter((name) => !(name in strangers));
  const project = install(
    "all",
    [...archives.values()].map(({ path }) => path),
  );
  for (const native of ["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"])
    if (existsSync(join(project, "node_modules", native)))
      problems.push(`${native} comes without being asked for`);
  for (const name of rest) runConsumer(name, project);
}

/** The package and those of this workspace that it needs, directly or not. */
function dependenciesOf(name, found = new Set()) {
  if (found.has(name)) return [...found];
  found.add(name);
  const { dependencies = {} } = JSON.parse(
    readFileSync(join(root, "packages", name, "package.json"), "utf8"),
  );
  for (const dependency of Object.keys(dependencies))
    if (dependency.startsWith("@btp/")) dependenciesOf(dependency.slice("@btp/".length), found);
  return [...found];
}

function install(folder, archives) {
  const project = join(work, folder);
  mkdirSync(project);
  const manifest = { name: "consumer", private: true, type: "module" };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  const packages = [...archives, "@tensorflow/tfjs@4.22.0", "@types/node@20"];
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error"];
  must("npm", ["install", ...flags, ...packages], project);
  for (const [path, from] of Object.entries(fixtures))
    cpSync(join(root, from), join(project, path), { recursive: true });
  return project;
}

/** The README's first example in JavaScript or TypeScript, then the types. */
function runConsumer(name, project) {
  const { types, adapt = (code) => code, command, tensors } = consumers[name];
  if (command) {
    const [program, ...args] = command;
    report(
      name,
      "its command",
      spawnSync(join(project, "node_modules/.bin", program), args, options(project)),
    );
  } else {
    const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
    const example = /```(?:js|ts)\n([\s\S]*?)```/.exec(readme)?.[1];
    if (example === undefined) return problems.push(`${name}: the README has no example`);
    const file = join(project, `${name}.mjs`);
    writeFileSync(file, adapt(example));
    report(name, "the README's example", spawnSync(process.execPath, [file], options(project)));
  }
  writeFileSync(join(project, "consumer.ts"), types);
  const flags = [
    "--noEmit",
    "--strict",
    "--noUncheckedIndexedAccess",
    "--module",
    "nodenext",
    "--target",
    "es2023",
  ];
  // TensorFlow.js's own types do not compile with today's TypeScript; ours must, where they name none of its.
  if (tensors) flags.push("--skipLibCheck");
  const tsc = join(root, "node_modules/.bin/tsc");
  report(name, "TypeScript", spawnSync(tsc, [...flags, "--types", "node", "consumer.ts"], options(project)));
}

function options(cwd) {
  return { cwd, encoding: "utf8", timeout: 300_000, env: { ...process.env, NO_COLOR: "1" } };
}

function report(name, what, { status, stdout, stderr, error }) {
  if (status === 0) console.log(`${name}: ${what} works`);
  else problems.push(`${name}: ${what} fails: ${error?.message ?? ""}\n${stdout}${stderr}`);
}

function must(command, args, cwd) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  if (result.status !== 0) {
    console.error(`${command} ${args.join(" ")} in ${cwd}:\n${result.stdout}${result.stderr}`);
    process.exit(1);
  }
  return result;
}
