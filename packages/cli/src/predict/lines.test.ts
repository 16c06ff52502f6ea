import fc from "fast-check";
import { expect, it } from "vitest";
import { type Line, readLines } from "./lines.js";

async function* chunksOf(chunks: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* chunks;
}

async function collect(chunks: readonly (string | Uint8Array)[], maxLength = 1000): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const group of readLines(chunksOf(chunks), { maxLength })) lines.push(...group);
  return lines;
}

it("gives the same lines however the bytes are cut into chunks", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "\n", "\r\n", "\u00e9", "\u{1f600}", " ") });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(30), { maxLength: 20 }), async (content, cuts) => {
      const bytes = new TextEncoder().encode(content);
      const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
      const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      const expected = content.split(/\r?\n/);
      if (expected.at(-1) === "") expected.pop();
      const lines = await collect(chunks);
      expect(lines.map((line) => line.text)).toEqual(expected);
      expect(lines.map((line) => line.number)).toEqual(expected.map((_, i) => i + 1));
    }),
  );
});

it("answers a line before the next one comes", async () => {
  const groups: string[] = [];
  for await (const group of readLines(chunksOf(["one\n", "two\nthree\n", "fo", "ur"]), { maxLength: 100 })) {
    groups.push(group.map((line) => line.text).join("+"));
  }
  expect(groups).toEqual(["one", "two+three", "four"]);
});

it("reports a line that is too long and goes on after it", async () => {
  const lines = await collect(["ok\n", "x".repeat(50), "x".repeat(50), "\nfine\n", "y".repeat(60)], 20);
  expect(lines).toEqual([
    { number: 1, text: "ok" },
    { number: 2, text: undefined },
    { number: 3, text: "fine" },
    { number: 4, text: undefined },
  ]);
});

it("drops a byte order mark and replaces what is no UTF-8", async () => {
  const lines = await collect([Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0x0a, 0xff, 0x62)]);
  expect(lines.map((line) => line.text)).toEqual(["a", "\ufffdb"]);
});
