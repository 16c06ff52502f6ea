import { describe, expect, it } from "vitest";
import { formatBytes, progressMeter, type TransferProgress } from "./progress.js";

describe("progressMeter", () => {
  it("reports at most five times a second, and the end always", () => {
    let now = 0;
    const reports: TransferProgress[] = [];
    const meter = progressMeter({ now: () => now }, (progress) => reports.push(progress));
    for (let received = 0; received <= 1000; received += 10, now += 10) meter(received, 1000);
    expect(reports.map(({ receivedBytes }) => receivedBytes)).toEqual([200, 400, 600, 800, 1000]);
    expect(reports[0]).toEqual({
      receivedBytes: 200,
      totalBytes: 1000,
      bytesPerSecond: 1000,
      secondsLeft: 0.8,
    });
    expect(reports.at(-1)?.secondsLeft).toBe(0);
  });

  it("begins anew when a download is begun again", () => {
    let now = 0;
    const reports: TransferProgress[] = [];
    const meter = progressMeter({ now: () => now }, (progress) => reports.push(progress));
    meter(5000, undefined);
    now = 1000;
    meter(0, undefined);
    now = 2000;
    meter(300, undefined);
    expect(reports).toEqual([
      { receivedBytes: 300, totalBytes: undefined, bytesPerSecond: 300, secondsLeft: undefined },
    ]);
  });
});

it.each([
  [665, "665 bytes"],
  [548_105_171, "548 MB"],
  [6_431_829_964, "6.43 GB"],
  [43_000, "43.0 kB"],
])("formatBytes writes %i as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
