import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readCsv } from "./read-csv.js";
import { formatCsv, writeCsv } from "./write-csv.js";

const folder = mkdtempSync(join(tmpdir(), "btp-csv-write-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Texts made of what breaks CSV readers, and any other characters. */
const awkward = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.replaceAll("\0", "\u0001")),
  fc
    .array(
      fc.constantFrom('"', ",", "\n", "\r", "\r\n", ",1\n", " ", "\uFEFF", "a", "0", "\u2028", "é", "😀"),
      { maxLength: 20 },
    )
    .map((parts) => parts.join("")),
);
const rows = fc.array(fc.record({ text: awkward, label: fc.constantFrom(0 as const, 1 as const) }), {
  minLength: 1,
  maxLength: 30,
});

describe("writing", () => {
  it("writes what reading gives back, with the line each row begins on", async () => {
    const path = join(folder, "round-trip.csv");
    await fc.assert(
      fc.asyncProperty(rows, async (examples) => {
        await writeCsv(path, examples);
        const file = await readCsv(path);
        expect(file.problems).toEqual([]);
        expect(file.examples.map(({ text, label }) => ({ text, label }))).toEqual(examples);
        const lines = readFileSync(path, "utf8").split(/\r\n|\r|\n/);
        for (const { text, line } of file.examples)
          expect(lines[line - 1]?.replace(/^"/, "").startsWith(text.split(/["\r\n,]/)[0] ?? "")).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("writes other columns behind ours as they were read", async () => {
    const path = join(folder, "others.csv");
    const source = 'id,label,when,tweet,Text\n1,1,"a, b",hi,"x\n"\n2,0, ,ho,"" \n';
    writeFileSync(path, source);
    const options = { textColumn: "tweet", keepsOthers: true };
    const file = await readCsv(path, options);
    expect(file.columns).toEqual({ text: "tweet", label: "label", others: ["id", "when", "Text"] });
    const written = formatCsv(file.examples, file.columns.others);
    expect(written).toMatch(/^Text,Label,id,when,source_Text\nhi,1,1,"a, b","x\n"\nho,0,2," ",/);
    writeFileSync(path, written);
    const again = await readCsv(path, { keepsOthers: true });
    expect(again.examples.map(({ others }) => others)).toEqual(file.examples.map(({ others }) => others));
    expect((await readCsv(path)).examples[0]).toEqual({ text: "hi", label: 1, line: 2 });
  });

  it("quotes only what needs it", () => {
    expect(
      formatCsv([
        { text: "plain", label: 0 },
        { text: 'a "b", c\n', label: 1 },
      ]),
    ).toBe('Text,Label\nplain,0\n"a ""b"", c\n",1\n');
  });

  it("replaces what text files cannot hold: half a surrogate pair, NUL", () => {
    expect(formatCsv([{ text: "a\ud83d\0", label: 0 }])).toBe("Text,Label\na\uFFFD\uFFFD,0\n");
  });

  it("leaves no partial file behind when it fails", async () => {
    const target = join(folder, "sub");
    const failing = {
      *[Symbol.iterator]() {
        yield { text: "a", label: 0 as const };
        throw new Error("source failed");
      },
    };
    await expect(writeCsv(`${target}.csv`, failing)).rejects.toThrow("source failed");
    expect(readdirSync(folder).filter((name) => name.startsWith("sub"))).toEqual([]);
  });
});
