import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { refuseToOverwrite } from "./refuse-to-overwrite.js";

it("refuses with a code where something is there, unless it may be replaced", () => {
  const here = import.meta.filename;
  expect(() => refuseToOverwrite(["/no/such/file", here], undefined, "--plots")).toThrow(
    expect.objectContaining({
      code: "OUTPUT_EXISTS",
      message: `${here} is there already. Give another --plots, or --overwrite.`,
    }),
  );
  expect(() => refuseToOverwrite([here], true)).not.toThrow();
  expect(() => refuseToOverwrite(["/no/such/file"], false)).not.toThrow();
});

it("never puts a file in a folder's place, nor a folder in a file's", () => {
  const here = import.meta.filename;
  expect(() => refuseToOverwrite([dirname(here)], true)).toThrow(/ is a folder, and a file is to be written/);
  expect(() => refuseToOverwrite([join(here, "a", "b.csv")], true)).toThrow(
    `${here} is a file, and a folder is needed there. Give another --out.`,
  );
});
