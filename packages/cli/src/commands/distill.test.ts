import { expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";

it("says what it does and refuses an option that it does not know, with the nearest name", async () => {
  const help = await runInProcess(["distill", "--help"]);
  expect(help.stdout).toContain("Usage: btp-cli distill --recipe FILE --out DIR");
  const wrong = await runInProcess(["distill", "--recipy", "x.json"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain("Did you mean --recipe?");
});
