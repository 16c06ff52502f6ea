// One contestant of bench/detector.mjs: loads a detector, then measures itself for every line on standard input.
import { createInterface } from "node:readline";
import { readCsv } from "@btp/cyberbully-train/datasets";
import { evaluateScores } from "@btp/cyberbully-train/evaluation";
import { loadDetector } from "../dist/index.js";

const [, , directory, file] = process.argv;
const detector = await loadDetector(directory);
await detector.detect(["nobody likes you"]);
console.log(JSON.stringify({ ready: true }));
const { examples } = await readCsv(file);
const texts = examples.map(({ text }) => text);
const labels = Uint8Array.from(examples, ({ label }) => label);
for await (const _ of createInterface({ input: process.stdin })) {
  const began = performance.now();
  const found = await detector.detect(texts);
  const seconds = (performance.now() - began) / 1000;
  const single = performance.now();
  for (const text of texts.slice(0, 200)) await detector.detect([text]);
  const oneMs = (performance.now() - single) / Math.min(200, texts.length);
  const scores = Float64Array.from(found, ({ score }) => score);
  const { metrics } = evaluateScores(labels, scores, { threshold: detector.info.threshold, bootstrap: 0 });
  console.log(
    JSON.stringify({
      messages: texts.length,
      accuracy: metrics.accuracy.value,
      auc: metrics.rocAuc.value,
      messagesPerSecond: texts.length / seconds,
      oneMs,
      residentMb: process.memoryUsage().rss / 1e6,
    }),
  );
}
await detector.dispose();
