import { expect, it } from "vitest";
import { readCsvLayout } from "./csv-layout.js";

it("reads columns, labels and delimiter, and leaves out what was not said", () => {
  expect(readCsvLayout({})).toEqual({});
  expect(
    readCsvLayout({ textColumn: "tweet", labelColumn: "class", labels: "None=0,insult=1", delimiter: "tab" }),
  ).toEqual({
    textColumn: "tweet",
    labelColumn: "class",
    labels: new Map([
      ["none", 0],
      ["insult", 1],
    ]),
    delimiter: "\t",
  });
  expect(readCsvLayout({ delimiter: ";" })).toEqual({ delimiter: ";" });
});

it.each(["", "semicolon", ";;", '"', "\n", "a"])("refuses %j between columns", (delimiter) => {
  expect(() => readCsvLayout({ delimiter })).toThrow(
    expect.objectContaining({ code: "BAD_OPTION", reason: "BAD_DELIMITER" }),
  );
});
