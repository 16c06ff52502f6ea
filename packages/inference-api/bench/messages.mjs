// The messages that benchmarks send: those of the shared validation set where it is there, else sentences made here
// with lengths like theirs (a median of 15 words, some of 60).
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHARED = fileURLToPath(
  new URL("../../../../shared/data/btp/cyberbullying_validation.csv", import.meta.url),
);
const WORDS =
  "you are the one who said that nobody at school will ever talk to my friend again because of last week".split(
    " ",
  );

/** @returns {{ messages: string[], source: string }} */
export function benchMessages(count = 2000) {
  if (existsSync(SHARED)) {
    const lines = readFileSync(SHARED, "utf8").split("\n").slice(1);
    const messages = lines.map((line) => line.replace(/,[01]\r?$/, "").trim()).filter((line) => line !== "");
    return { messages: messages.slice(0, count), source: "btp validation set" };
  }
  const messages = Array.from({ length: count }, (_, i) => {
    const length = 5 + ((i * 7919) % 20) + (i % 19 === 0 ? 40 : 0);
    return Array.from({ length }, (_, j) => WORDS[(i * 31 + j * 17) % WORDS.length]).join(" ");
  });
  return { messages, source: "made sentences" };
}
