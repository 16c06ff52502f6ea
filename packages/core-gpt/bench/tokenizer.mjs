/**
 * The tokenizer beside js-tiktoken: messages a second, and the worst texts we could think of.
 * Run from dist: `npx tsc -b && npm run bench`. Same ids are checked first; rounds alternate, the best of each counts.
 */
import "../../../tools/bench-help.mjs";
import { cpus } from "node:os";
import { createRandom, createTokenizer } from "@btp/core-gpt";
import { Tiktoken } from "js-tiktoken/lite";
import gpt2 from "js-tiktoken/ranks/gpt2";

const random = createRandom(1);
const pick = (list) => list[Math.floor(random() * list.length)];
const repeat = (count, make) => Array.from({ length: count }, make).join("");
const letter = () => pick("abcdefghijklmnopqrstuvwxyz");

const words =
  "you are so stupid nobody likes this really great thanks for the help my friend lol haha what a game see you tomorrow don't be late it's fine".split(
    " ",
  );
const messages = Array.from({ length: 5000 }, () => {
  const text = Array.from({ length: 5 + Math.floor(random() * 25) }, () => pick(words)).join(" ");
  return random() < 0.3 ? `@user${Math.floor(random() * 1e4)} ${text} 😂!!` : `${text}.`;
});

const ours = await createTokenizer();
const theirs = new Tiktoken(gpt2);
for (const message of messages) {
  if (ours.encode(message).ids.join() !== theirs.encode(message, [], []).join())
    throw new Error("ids differ");
}

const perSecond = (encode) => {
  const start = performance.now();
  for (const message of messages) encode(message);
  return (1000 * messages.length) / (performance.now() - start);
};
let best = { ours: 0, theirs: 0 };
for (let round = 0; round < 5; round++) {
  best = {
    ours: Math.max(
      best.ours,
      perSecond((message) => ours.encode(message)),
    ),
    theirs: Math.max(
      best.theirs,
      perSecond((message) => theirs.encode(message, [], [])),
    ),
  };
}
console.log(`${cpus()[0]?.model}, Node ${process.version}`);
console.log(
  `short messages a second: ${best.ours.toFixed(0)}; js-tiktoken ${best.theirs.toFixed(0)}; ratio ${(best.ours / best.theirs).toFixed(1)}`,
);

const million = 1_000_000;
const hostile = {
  "one letter": "a".repeat(million),
  "random letters, one word": repeat(million, letter),
  "random words of 5": repeat(million / 6, () => ` ${repeat(5, letter)}`),
  "random words of 127": repeat(million / 128, () => ` ${repeat(127, letter)}`),
  "random words of 200": repeat(million / 201, () => ` ${repeat(200, letter)}`),
  blanks: " ".repeat(million),
  "blank and newline": " \n".repeat(million / 2),
  "letters and dots": "a.".repeat(million / 2),
  signs: repeat(million, () => pick("!?.,;-")),
  emoji: repeat(million / 4, () => String.fromCodePoint(0x1f300 + Math.floor(random() * 700))),
  "Chinese characters": repeat(million / 3, () =>
    String.fromCharCode(0x4e00 + Math.floor(random() * 20_000)),
  ),
  "any code points": repeat(million / 4, () =>
    String.fromCodePoint(0x1_0000 + Math.floor(random() * 0xf_ffff)),
  ),
};
console.log("1 MB messages, ms of processor time (best of 3):");
for (const [name, text] of Object.entries(hostile)) {
  let least = Infinity;
  for (let round = 0; round < 3; round++) {
    const start = process.cpuUsage().user;
    ours.encode(text);
    least = Math.min(least, (process.cpuUsage().user - start) / 1000);
  }
  console.log(`  ${name}: ${least.toFixed(0)}`);
}
