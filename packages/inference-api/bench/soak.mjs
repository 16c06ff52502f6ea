// Memory over many requests: node bench/soak.mjs MODEL_DIR [REQUESTS=100000] [KILLS=0]
// Passes when the second half's median resident memory is within 5 % of the first half's (its first tenth, warm-up,
// left out) and every answer was 200. With KILLS=1 a worker is killed every second meanwhile; /health/live is timed.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";
import { benchMessages } from "./messages.mjs";
import { memoryMb, startBtp, stop } from "./server.mjs";

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
const live = [];
const children = () =>
  readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
const memory = () => {
  try {
    samples.push(memoryMb(child.pid));
  } catch {
    // A worker ended between being listed and being read.
  }
};
const sampler = setInterval(memory, 200);
const prober = setInterval(async () => {
  const start = performance.now();
  const response = await fetch(`${url}/health/live`);
  await response.text();
  live.push(performance.now() - start);
}, 50);
let killed = 0;
const killer = setInterval(() => {
  const pids = children();
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
for (const timer of [sampler, prober, killer]) clearInterval(timer);
await stop(child);

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const warm = samples.slice(Math.floor(samples.length / 10));
const half = Math.floor(warm.length / 2);
const [first, second] = [median(warm.slice(0, half)), median(warm.slice(half))];
const p99 = [...live].sort((a, b) => a - b)[Math.floor(live.length * 0.99)];
const bad = result.errors + result.timeouts + result.non2xx;
console.log(
  JSON.stringify({
    requests: result["2xx"],
    bad,
    perSecond: Math.round(result.requests.average),
    firstHalfMb: Math.round(first),
    secondHalfMb: Math.round(second),
    growth: `${((100 * (second - first)) / first).toFixed(1)} %`,
    killed,
    livenessP99Ms: Number(p99?.toFixed(1)),
  }),
);
const isFlat = kills === "1" || second <= 1.05 * first;
process.exitCode = bad === 0 && isFlat ? 0 : 1;
