// One contestant of bench/detector.mjs: loads a detector, then measures itself for every line on standard input.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";
import { loadDetector } from "../dist/index.js";

const [, , directory, file] = process.argv;
const detector = await loadDetector(directory);
await detector.detect(["nobody likes you"]);
console.log(JSON.stringify({ ready: true }));
const texts = [];
const labels = [];
for await (const row of createReadStream(file).pipe(parse({ columns: true, bom: true }))) {
  texts.push(row.Text);
  labels.push(Number(row.Label));
}
for await (const _ of createInterface({ input: process.stdin })) {
  const began = performance.now();
  const found = await detector.detect(texts);
  const seconds = (performance.now() - began) / 1000;
  const single = performance.now();
  for (const text of texts.slice(0, 200)) await detector.detect([text]);
  const oneMs = (performance.now() - single) / Math.min(200, texts.length);
  const accuracy =
    found.filter(({ isCyberbullying }, i) => isCyberbullying === (labels[i] === 1)).length / texts.length;
  console.log(
    JSON.stringify({
      messages: texts.length,
      accuracy,
      auc: areaUnderCurve(found.map(({ score }) => score)),
      messagesPerSecond: texts.length / seconds,
      oneMs,
      residentMb: process.memoryUsage().rss / 1e6,
    }),
  );
}
await detector.dispose();

/** By ranks; ties count half. */
function areaUnderCurve(scores) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let rankSum = 0;
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && scores[order[end]] === scores[order[i]]) end++;
    for (let k = i; k < end; k++) if (labels[order[k]] === 1) rankSum += (i + end + 1) / 2;
    i = end;
  }
  const positive = labels.reduce((sum, label) => sum + label, 0);
  return (rankSum - (positive * (positive + 1)) / 2) / (positive * (labels.length - positive));
}
