// Memory over many requests: node bench/soak.mjs MODEL_DIR [REQUESTS=100000] [KILLS=0]
// Passes when the second half's median resident memory is within 5 % of the first half's (its first tenth, warm-up,
// left out) and every answer was 200. With KILLS=1 a worker is killed every second meanwhile; /health/live is timed from a
// process of its own.
import "../../../tools/bench-help.mjs";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { benchMessages } from "./messages.mjs";
import { childrenOf, memoryByProcess, startBtp, stop } from "./server.mjs";

const [model, amount = "100000", kills = "0"] = process.argv.slice(2);
if (model === undefined) throw new Error("usage: node bench/soak.mjs MODEL_DIR [REQUESTS] [KILLS]");
const { child, url } = await startBtp(model, ["--workers", kills === "1" ? "2" : "1", "--threads", "1"]);
const requests = benchMessages().messages.map((message) => ({
  method: "POST",
  path: "/detect",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ message }),
}));

const samples = [];
const memory = () => {
  try {
    samples.push(memoryByProcess(child.pid));
  } catch {
    // A worker ended between being listed and being read.
  }
};
const sampler = setInterval(memory, 200);
const probe = spawn(
  process.execPath,
  [fileURLToPath(new URL("probe.mjs", import.meta.url)), `${url}/health/live`],
  { stdio: ["pipe", "pipe", "inherit"] },
);
let killed = 0;
const killer = setInterval(() => {
  const pids = childrenOf(child.pid);
  const pid = pids[killed % Math.max(1, pids.length)];
  if (kills !== "1" || pid === undefined) return;
  process.kill(pid, "SIGKILL");
  killed += 1;
}, 1000);

const result = await autocannon({
  url,
  connections: 64,
  amount: Number(amount),
  requests,
  timeout: 60,
  workers: 1,
});
for (const timer of [sampler, killer]) clearInterval(timer);
probe.stdin.end();
const live = JSON.parse(await text(probe.stdout));
await stop(child);

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const warm = samples.slice(Math.floor(samples.length / 10));
const half = Math.floor(warm.length / 2);
const halves = (part) =>
  [warm.slice(0, half), warm.slice(half)].map((list) => median(list.map((m) => m[part])));
const [first, second] = halves("memoryMb");
const bad = result.errors + result.timeouts + result.non2xx;
console.log(
  JSON.stringify({
    requests: result["2xx"],
    bad,
    perSecond: Math.round(result.requests.average),
    halvesMb: [first, second],
    httpMb: halves("parentMb"),
    workersMb: halves("workersMb"),
    growth: `${((100 * (second - first)) / first).toFixed(1)} %`,
    killed,
    live,
  }),
);
// Workers that are being restarted make memory go up and down.
const isFlat = kills === "1" || second <= 1.05 * first;
process.exitCode = bad === 0 && live.failed === 0 && isFlat ? 0 : 1;
