import { describe, expect, it } from "vitest";
import { parseLabelMapping, readLabel } from "./labels.js";

describe("label mappings", () => {
  it("map without case and outer white space, and numbers as pandas writes them", () => {
    const mapping = parseLabelMapping(" 2 = 0, 0=1 ,1=1, other label=drop");
    expect(["2", "0", " 1 ", "1.0", "Other Label"].map((value) => readLabel(value, mapping))).toEqual([
      0,
      1,
      1,
      1,
      "drop",
    ]);
    expect(readLabel("3", mapping)).toBeUndefined();
  });

  it.each([
    ["a part without =", "none,racism=1"],
    ["another target", "none=0,racism=2"],
    ["an empty value", "=0,racism=1"],
    ["a value twice", "none=0,NONE=1"],
    ["one side only", "none=0,rest=drop"],
    ["nothing", ""],
  ])("refuse %s", (_, text) => {
    expect(() => parseLabelMapping(text)).toThrow(/label mapping/);
  });

  it("keep a value with an equals sign", () => {
    expect(parseLabelMapping("a=b=1,c=0").get("a=b")).toBe(1);
  });
});
