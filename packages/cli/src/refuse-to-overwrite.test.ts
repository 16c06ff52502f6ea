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
