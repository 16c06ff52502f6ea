import type { Detection } from "@btp/detector";
import { expect, it } from "vitest";
import { createColors } from "../color.js";
import { formatJson, formatLine, recordWriter } from "./result-format.js";

const plain = createColors(false);
const detection: Detection = {
  label: "cyberbullying",
  isCyberbullying: true,
  confidence: 0.925,
  score: 0.925,
  threshold: 0.5,
  tokens: 5,
  truncated: false,
};

it("writes one line for people", () => {
  expect(formatLine("You are so stupid!", detection, plain)).toBe(
    "cyberbullying      0.93  You are so stupid!",
  );
});

it("lets no message steer the terminal or break the line", () => {
  const hostile = "a\nb\u001b[2Jc\u202ed";
  expect(formatLine(hostile, detection, plain)).toBe("cyberbullying      0.93  a\\nb\\u{1b}[2Jc\\u{202e}d");
});

it("writes the contract's keys in the contract's order as JSON", () => {
  expect(formatJson("You are so stupid!", detection)).toBe(
    '{"text":"You are so stupid!","label":"cyberbullying","isCyberbullying":true,"confidence":0.925,"score":0.925,"threshold":0.5,"tokens":5,"truncated":false}',
  );
});

it("paints words by their share of the largest effect, and says them in figures", () => {
  const words = [
    { word: "so", start: 0, end: 2, effect: 0.01 },
    { word: "stupid", start: 3, end: 9, effect: 0.4 },
    { word: "friend", start: 10, end: 16, effect: -0.2 },
  ];
  expect(formatLine("so stupid friend", { ...detection, words }, plain)).toBe(
    "cyberbullying      0.93  so stupid friend\n                         stupid +0.40, friend -0.20, so +0.01",
  );
  const painted = formatLine("so stupid friend", { ...detection, words }, createColors(true));
  expect(painted).toContain("\u001b[97;48;5;124mstupid\u001b[39;49m");
  expect(painted).toContain("\u001b[97;48;5;28mfriend\u001b[39;49m");
  expect(painted).toContain("so \u001b");
});

it("adds columns behind a table's own, renamed where the name is taken", () => {
  const writer = recordWriter("csv", plain);
  expect(writer.header(["Label", "Text"])).toBe(
    "Label,Text,btp_label,isCyberbullying,confidence,score,threshold,tokens,truncated\n",
  );
  const message = { text: 'a,"b"', line: 2, cells: ["1", 'a,"b"'] };
  expect(writer.record(message, detection)).toBe(
    '1,"a,""b""",cyberbullying,true,0.925000,0.925000,0.500000,5,false\n',
  );
});

it("adds keys behind a JSON object's own, renamed where the name is taken", () => {
  const message = { text: "hi", line: 1, fields: { label: 1, message: "hi" } };
  expect(JSON.parse(recordWriter("jsonl", plain).record(message, detection))).toEqual({
    ...detection,
    text: "hi",
    label: 1,
    message: "hi",
    btp_label: "cyberbullying",
  });
});
