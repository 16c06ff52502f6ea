import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FeatureWriter, featureBytes, openFeatures } from "./feature-file.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "btp-features-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const width = 4;
/** Two rows, none, three rows. */
const shape = { rowOffsets: Int32Array.of(0, 2, 2, 5), width };

async function roundTrip(messages: readonly (readonly number[])[]): Promise<number[][]> {
  const writer = await FeatureWriter.create(folder, "key", shape);
  for (const [i, values] of [...messages.entries()].reverse())
    await writer.write(i, Float32Array.from(values));
  await (await writer.finish()).close();
  const reader = await openFeatures(folder, "key", shape);
  const read: number[][] = [];
  for (const [i, values] of messages.entries()) {
    const target = new Float32Array(values.length);
    await reader!.read(i, target);
    read.push([...target]);
  }
  await reader!.close();
  return read;
}

it("gives back rows with values far beyond 65504 to the precision of 16 bits, and leaves the others as they were", async () => {
  const messages = [
    [1, -0.5, 0.25, 2, 65504, -65504, 3, 0.125],
    [],
    [70_000, -12.5, 3e6, 1, 0, 0, 0, 0, -3.4e38, 1e38, 0, 5e37],
  ];
  const read = await roundTrip(messages);
  expect(read[0]).toEqual(messages[0]);
  const [first = [], second = []] = [read[2]!.slice(0, width), read[2]!.slice(2 * width)];
  for (const [i, value] of [...first, ...second].entries()) {
    const expected = [...messages[2]!.slice(0, width), ...messages[2]!.slice(2 * width)][i]!;
    // 11 bits: half a step is 2^-11 of the value.
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(Math.abs(expected) * 2 ** -11);
  }
  expect(read[2]!.slice(width, 2 * width)).toEqual([0, 0, 0, 0]);
});

it.each([
  ["just beyond the largest", 65504.004],
  ["what rounds up to infinity", 65520],
  ["nearly the largest float32", 3.4e38],
])("rounds %s to a finite value near it", async (_, value) => {
  const [row] = await roundTrip([[value, 0, 0, 0, 0, 0, 0, -value], [], new Array<number>(12).fill(0)]);
  for (const [got, expected] of [
    [row![0]!, value],
    [row![7]!, -value],
  ] as const)
    expect(Math.abs(got / expected - 1)).toBeLessThanOrEqual(2 ** -11);
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "refuses %s and leaves nothing behind",
  async (value) => {
    const writer = await FeatureWriter.create(folder, "key", shape);
    await expect(writer.write(0, Float32Array.of(1, value, 0, 0, 0, 0, 0, 0))).rejects.toMatchObject({
      code: "BAD_FEATURE_CACHE",
    });
    await writer.abandon();
    expect(readdirSync(folder)).toEqual([]);
  },
);

it("takes two bytes a value and one a row", () => {
  expect(featureBytes(shape)).toBe(5 * width * 2 + 5);
});
