// Asks GET URL every 50 ms until its stdin ends, then prints {"count", "failed", "p50", "p99", "longest"} (milliseconds).
// A process of its own: in the one that makes the load, answers would wait for that one's event loop and be called late.
import { Agent, get } from "node:http";

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: node bench/probe.mjs URL");
const agent = new Agent({ keepAlive: true });
const latencies = [];
let failed = 0;

function ask() {
  const start = performance.now();
  const request = get(url, { agent }, (response) => {
    if (response.statusCode !== 200) failed += 1;
    response.resume();
    response.on("end", () => latencies.push(performance.now() - start));
  });
  request.on("error", () => {
    failed += 1;
  });
}

const timer = setInterval(ask, 50);
process.stdin.resume().on("end", () => {
  clearInterval(timer);
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  const report = { count: latencies.length, failed, p50: at(0.5), p99: at(0.99), longest: at(1) };
  console.log(JSON.stringify(report, (_, value) => (typeof value === "number" ? +value.toFixed(1) : value)));
  agent.destroy();
});
