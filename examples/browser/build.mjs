// Makes a folder that any web server can serve, with no link to anywhere else: the page, the packages it needs, the model.
//   node examples/browser/build.mjs model.onnx [folder]
// Needs onnxruntime-web (npm install onnxruntime-web). A bundler does the same; this shows which files there are.
import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const [model, folder = join(here, "site")] = process.argv.slice(2);
if (model === undefined) throw new Error("Usage: node examples/browser/build.mjs model.onnx [folder]");

const require = createRequire(import.meta.url);
const runtime = dirname(require.resolve("onnxruntime-web"));
const ranks = require.resolve("js-tiktoken/ranks/gpt2").replace(/\.cjs$/, ".js");
const coreGpt = fileURLToPath(new URL("../../packages/core-gpt/dist/", import.meta.url));
const detector = fileURLToPath(new URL("../../packages/detector/dist/", import.meta.url));

const imports = {
  "onnxruntime-web/wasm": "./vendor/onnxruntime-web/ort.wasm.min.mjs",
  "js-tiktoken/ranks/gpt2": "./vendor/js-tiktoken/gpt2.js",
  "@btp/core-gpt/tokenizer": "./vendor/core-gpt/tokenizer.js",
  "@btp/detector/onnx": "./vendor/detector/onnx.js",
};

await rm(folder, { recursive: true, force: true });
for (const part of ["onnxruntime-web", "js-tiktoken"])
  await mkdir(join(folder, "vendor", part), { recursive: true });
for (const file of ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"])
  await copyFile(join(runtime, file), join(folder, "vendor/onnxruntime-web", file));
await copyFile(ranks, join(folder, "vendor/js-tiktoken/gpt2.js"));
await copyModule(coreGpt, "tokenizer.js", join(folder, "vendor/core-gpt"));
await copyModule(detector, "onnx.js", join(folder, "vendor/detector"));
for (const file of ["page.css", "page.js", "detector.js"])
  await copyFile(join(here, file), join(folder, file));
await cp(model, join(folder, "model.onnx"));

const map = JSON.stringify({ imports });
const hash = `sha256-${createHash("sha256").update(map).digest("base64")}`;
const page = await readFile(join(here, "index.html"), "utf8");
const filled = page.replace("IMPORT_MAP_HASH", hash).replace('importmap">{}', `importmap">${map}`);
await writeFile(join(folder, "index.html"), filled);
process.stdout.write(`${relative(process.cwd(), folder) || "."}\n`);

/** A module and, in turn, whatever it imports by a relative path. */
async function copyModule(from, file, to, copied = new Set()) {
  if (copied.has(file)) return;
  copied.add(file);
  const text = (await readFile(join(from, file), "utf8")).replace(/\n\/\/# sourceMappingURL=.*/, "");
  await mkdir(dirname(join(to, file)), { recursive: true });
  await writeFile(join(to, file), text);
  for (const [, target] of text.matchAll(/from "(\.[^"]+)"/g)) {
    await copyModule(from, join(dirname(file), target).split(sep).join("/"), to, copied);
  }
}
