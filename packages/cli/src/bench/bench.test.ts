import { type Detector, decide } from "@btp/detector";
import { expect, it } from "vitest";
import { formatBench, measureDetector } from "./bench.js";

/** A clock that a fake detector moves: 2 ms a message. */
function fakeDetector(clock: { ms: number }): Detector {
  return {
    info: {
      name: "fake",
      sha256: "",
      parameters: 1000,
      maxLength: 9,
      threshold: 0.5,
      temperature: 1,
      engine: "none",
    },
    async detect(texts) {
      clock.ms += 2 * texts.length;
      return texts.map((text) => ({ ...decide(0, 0.5), tokens: text.split(" ").length, truncated: false }));
    },
    dispose: async () => {},
  };
}

it("measures what a clock says, batch by batch", async () => {
  const clock = { ms: 0 };
  const report = await measureDetector(fakeDetector(clock), { words: 7, rounds: 3, now: () => clock.ms });
  expect(report.rows.map(({ batch, medianMs }) => [batch, medianMs])).toEqual([
    [1, 2],
    [8, 16],
    [32, 64],
    [128, 256],
  ]);
  for (const row of report.rows) expect(row).toMatchObject({ meanTokens: 7, messagesPerSecond: 500 });
  expect(formatBench(report)).toContain("          8          7      16.00      16.00        500\n");
});
