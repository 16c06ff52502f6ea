import { expect, it } from "vitest";
import { agreeing, counted } from "./counted.js";

it("counts in words that agree with the number", () => {
  expect([0, 1, 2].map((count) => counted(count, "row"))).toEqual(["0 rows", "1 row", "2 rows"]);
  expect([1, 2].map((count) => counted(count, "message is", "messages are"))).toEqual([
    "1 message is",
    "2 messages are",
  ]);
  expect([1, 3].map((count) => agreeing(count, "has", "have"))).toEqual(["has", "have"]);
});
