import { expect, it } from "vitest";
import { runInProcess } from "../testing/run-in-process.js";

it("says what it does and refuses an option that it does not know, with the nearest name", async () => {
  const help = await runInProcess(["distill", "--help"]);
  expect(help.stdout).toContain("Usage: btp-cli distill --recipe FILE --out DIR");
  const wrong = await runInProcess(["distill", "--recipy", "x.json"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toBe("btp-cli: Unknown option --recipy. Did you mean --recipe? [BAD_OPTION]\n");
  expect((await runInProcess(["distill", "-h"])).stdout).toMatch(/^ {2}-h, --help/m);
});
