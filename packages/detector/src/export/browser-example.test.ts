/** The page of examples/browser in headless Chromium; it runs from dist. What is not installed is told, not failed. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the browser example gives the detector's scores and lets nothing out of the page", async () => {
  const test = fileURLToPath(new URL("../../../../examples/browser/test.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [test]);
  if (stdout.startsWith("skipped")) process.stderr.write(`browser example ${stdout}`);
  else expect(stdout).toContain("the page's scores are the detector's; nothing left the page");
});
