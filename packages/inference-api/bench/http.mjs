// Requests a second and latency of POST /detect at 1, 16 and 64 clients, over real sockets, for
//   --model DIR          a detector directory (repeatable), and/or
//   --shape NAME         random weights of a shape (repeatable): compact, gpt2, gpt2-int8 (int8 in the file, and asked
//                        of the server with --precision int8: without it int8 files are computed in fp32)
// beside ../shared/peers/reference_torch.py serve where BTP_PYTHON names a Python with torch, fastapi and uvicorn.
// npm run bench -- --shape compact --shape gpt2-int8 --seconds 10
// --json prints one JSON object a line and row in place of the table. Memory is of the server and its workers together.
// The clients run on the same cores; what they cost (about 0.04 ms a request) is in the figures. The order of servers alternates by round.
import "../../../tools/bench-help.mjs";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeArtifact } from "@btp/detector";
import { tinyArtifact } from "@btp/detector/testing";
import { generateLoad, postBytes } from "./load-generator.mjs";
import { benchMessages } from "./messages.mjs";
import { memoryByProcess, startBtp, startProcess, stop } from "./server.mjs";

const SHAPES = {
  compact: { width: 128, numLayers: 2, numHeads: 4, contextLength: 128, precision: "float32" },
  gpt2: { width: 768, numLayers: 12, numHeads: 12, contextLength: 1024, precision: "float32" },
  "gpt2-int8": { width: 768, numLayers: 12, numHeads: 12, contextLength: 1024, precision: "int8" },
};
const PEER = fileURLToPath(new URL("../../../../shared/peers/reference_torch.py", import.meta.url));

const { values } = parseArgs({
  options: {
    model: { type: "string", multiple: true, default: [] },
    shape: { type: "string", multiple: true, default: [] },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "2" },
    clients: { type: "string", default: "1,16,64" },
    flag: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
  },
});

const { messages, source } = benchMessages();
async function writeShape(name, folder) {
  const { precision, ...sizes } = SHAPES[name];
  const architecture = { vocabSize: 50257, layerNormEpsilon: 1e-5, ...sizes };
  const directory = join(folder, name);
  await writeArtifact(directory, tinyArtifact({ architecture }), { precision });
  return directory;
}

/** What the server must be told beside `--flag`, or it computes in fp32 whatever the file holds. */
const flagsOf = (name) => [
  ...(SHAPES[name].precision === "int8" ? ["--precision", "int8"] : []),
  ...values.flag,
];

function startPeer() {
  const port = 18_000 + (process.pid % 1000);
  const argv = [PEER, "serve", "--pad", "dynamic", "--port", String(port)];
  const url = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${url}/health`).then(
      () => url,
      () => undefined,
    );
  return startProcess(process.env.BTP_PYTHON, argv, { OPENBLAS_CORETYPE: "SkylakeX" }, isUp);
}

async function measure(url, clients, seconds) {
  const requests = messages.map((message) => postBytes(url, "/detect", { message }));
  return { clients, ...(await generateLoad({ url, clients, seconds, requests })) };
}

const folder = mkdtempSync(join(tmpdir(), "btp-bench-"));
const subjects = [];
for (const name of values.shape) {
  if (SHAPES[name] === undefined)
    throw new Error(`unknown shape ${name}; known: ${Object.keys(SHAPES).join(", ")}`);
  const flags = flagsOf(name);
  const directory = await writeShape(name, folder);
  subjects.push({ name, flags, start: () => startBtp(directory, flags) });
}
for (const model of values.model) {
  subjects.push({ name: model, flags: values.flag, start: () => startBtp(model, values.flag) });
}
if (process.env.BTP_PYTHON !== undefined && existsSync(PEER)) {
  subjects.push({ name: "reference_torch.py serve (fp32, unpadded)", flags: [], start: startPeer });
}
if (subjects.length === 0) throw new Error("name something to measure: --model DIR or --shape NAME");

const rows = new Map();
for (let round = 0; round < Number(values.rounds); round++) {
  const order = round % 2 === 0 ? subjects : [...subjects].reverse();
  for (const { name, flags, start } of order) {
    const { child, url } = await start();
    await measure(url, 4, 1);
    for (const clients of values.clients.split(",").map(Number)) {
      const row = await measure(url, clients, Number(values.seconds));
      const key = `${name} ${clients}`;
      const memory = memoryByProcess(child.pid);
      const best = rows.get(key);
      if (best === undefined || row.perSecond > best.perSecond)
        rows.set(key, { name, flags, ...row, ...memory });
    }
    await stop(child);
  }
}
rmSync(folder, { recursive: true, force: true });

const machine = `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`;
if (values.json) {
  for (const row of rows.values()) console.log(JSON.stringify({ ...row, machine, messages: source }));
} else {
  console.log(`${machine}; ${messages.length} messages (${source});`);
  console.log(
    `best of ${values.rounds} rounds of ${values.seconds} s; flags: ${values.flag.join(" ") || "none"}\n`,
  );
  console.log(
    "| server | clients | requests/s | p50 ms | p99 ms | not 200 | HTTP MB | workers MB | together MB |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|");
  for (const { name, clients, perSecond, p50, p99, bad, parentMb, workersMb, memoryMb } of rows.values()) {
    const figures = [clients, perSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), bad];
    console.log(`| ${[name, ...figures, parentMb, workersMb, memoryMb].join(" | ")} |`);
  }
}
