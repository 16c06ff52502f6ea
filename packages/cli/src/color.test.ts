import { expect, it } from "vitest";
import { createColors, wantsColor } from "./color.js";

it("colours terminals only, unless told otherwise", () => {
  expect(wantsColor({ isTTY: true }, {})).toBe(true);
  expect(wantsColor({}, {})).toBe(false);
  expect(wantsColor({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(wantsColor({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColor({ isTTY: true }, { NO_COLOR: "" })).toBe(true);
  expect(wantsColor({}, { FORCE_COLOR: "1" })).toBe(true);
  expect(wantsColor({ isTTY: true }, { FORCE_COLOR: "0" })).toBe(false);
  expect(wantsColor({ isTTY: true }, { NO_COLOR: "1", FORCE_COLOR: "1" })).toBe(false);
});

it("changes nothing when switched off", () => {
  const { bold, heat, red } = createColors(false);
  expect(bold("a") + heat("b", 1) + red("c")).toBe("abc");
});
