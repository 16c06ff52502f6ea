import fc from "fast-check";
import gpt2 from "js-tiktoken/ranks/gpt2";
import { describe, expect, it } from "vitest";
import { LongMerge, mergeShort } from "./byte-pair.js";
import { MergeTable, parseRanks, type TokenList } from "./merges.js";

const table = new MergeTable(parseRanks(gpt2.bpe_ranks));
const bytes = Array.from({ length: table.size }, (_, id) => table.bytesOf(id) ?? Uint8Array.of());

const listOf = (tokens: readonly Uint8Array[]): TokenList => ({
  bytes: Uint8Array.from(tokens.flatMap((token) => [...token])),
  starts: Uint32Array.from([
    0,
    ...tokens.map((_, i) => tokens.slice(0, i + 1).reduce((n, t) => n + t.length, 0)),
  ]),
});
const queues = new LongMerge(table);

const bothMerges = (ids: readonly number[]): [number[], number[]] => {
  const short = Int32Array.from(ids);
  const long = Int32Array.from(ids);
  return [
    Array.from(short.slice(0, mergeShort(short, ids.length, table))),
    Array.from(long.slice(0, queues.merge(long, ids.length))),
  ];
};

describe("LongMerge", () => {
  it("gives what the plain rule gives, on any bytes", () => {
    const few = fc.array(fc.constantFrom(..."aeinrst in".split("")), { maxLength: 256, size: "max" });
    const any = fc.uint8Array({ maxLength: 256, size: "max" });
    fc.assert(
      fc.property(
        fc.oneof(
          few.map((parts) => new TextEncoder().encode(parts.join(""))),
          any,
        ),
        (piece) => {
          const [short, long] = bothMerges(Array.from(piece, (byte) => table.byteTokens[byte] ?? 0));
          expect(long).toEqual(short);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives every token of the vocabulary from its own bytes: the condition of its proof", () => {
    const wrong = bytes.filter((token, id) => {
      const long = Int32Array.from(token, (byte) => table.byteTokens[byte] ?? 0);
      return queues.merge(long, long.length) !== 1 || long[0] !== id;
    });
    expect(wrong).toHaveLength(0);
  });
});

describe("MergeTable", () => {
  it("knows which two tokens each was joined from", () => {
    const join = (id: number): number => table.join(table.left[id] ?? 0, table.right[id] ?? 0);
    const joined = bytes.flatMap((token, id) => (token.length > 1 ? [id] : []));
    expect(joined).toHaveLength(50_000);
    expect(joined.filter((id) => join(id) !== id)).toHaveLength(0);
  });

  it("has no join for two tokens that make none", () => {
    expect(table.join(50_000, 50_000)).toBe(-1);
  });

  it("refuses a vocabulary that lacks a byte, or has a token that is no join of two older ones", () => {
    const refused = expect.objectContaining({ code: "INVALID_VOCABULARY" });
    const single = bytes.slice(0, 256);
    const make = (tokens: readonly Uint8Array[]) => () => new MergeTable(listOf(tokens));
    expect(make([...single, Uint8Array.of(97, 98)])).not.toThrow();
    expect(make(single.slice(1))).toThrow(refused);
    expect(make([...single.slice(1), single[1]!])).toThrow(refused);
    expect(make([...single, Uint8Array.of(97, 98, 99)])).toThrow(refused);
    expect(make([...single, Uint8Array.of(97, 98), Uint8Array.of(97, 98)])).toThrow(refused);
    expect(make([...single, Uint8Array.of()])).toThrow(refused);
    expect(make([...single, new Uint8Array(300)])).toThrow(refused);
  });
});

describe("parseRanks", () => {
  it("reads tokens line by line, and refuses ids that are left out", () => {
    expect(parseRanks("! 0 YQ== YWI=\n! 2 Yw==")).toEqual({
      bytes: new TextEncoder().encode("aabc"),
      starts: Uint32Array.of(0, 1, 3, 4),
    });
    expect(() => parseRanks("! 0 YQ==\n! 2 Yw==")).toThrow(
      expect.objectContaining({ code: "INVALID_VOCABULARY" }),
    );
  });
});
