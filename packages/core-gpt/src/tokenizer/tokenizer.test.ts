import { readFileSync } from "node:fs";
import { sharedFolder } from "@btp/test-kit";
import fc from "fast-check";
import { Tiktoken } from "js-tiktoken/lite";
import gpt2 from "js-tiktoken/ranks/gpt2";
import { beforeAll, describe, expect, it } from "vitest";
import { pieceEnd } from "./pretokenize.js";
import { createTokenizer, type Gpt2Tokenizer } from "./tokenizer.js";

const reference = new Tiktoken(gpt2);
let tokenizer: Gpt2Tokenizer;

beforeAll(async () => {
  tokenizer = await createTokenizer();
});

const ids = (text: string): number[] => Array.from(tokenizer.encode(text).ids);
const theirIds = (text: string): number[] => reference.encode(text, [], []);

/** The text with each lone surrogate replaced by U+FFFD. */
const wellFormed = (text: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text));

/** Characters and words on which tokenizers differ. */
const hardParts = fc.constantFrom(
  ..."'s 't 're 've 'm 'll 'd 'S 're' '' ' ’s".split(" "),
  ..." |  |   |\t|\n|\r\n|\r|\u00a0|\u3000|\u2028|\u0085|\u001c|\ufeff|\u200b|\u200d".split("|"),
  ..."😀|👩‍👩‍👧‍👦|🏳️‍🌈|🇩🇪|\ud83d|\ude00|\ud800\ud800|\0|\x01|\x7f|\uffff|\ufffd".split("|"),
  ..."é|e\u0301|ß|İ|ǆ|ﬁ|你好|日本語|العربية|עברית|हिन्दी|ไทย|한국어|Ⅷ|½|²|١٢٣|𝟘|𝒳".split("|"),
  ..."<|endoftext|>@user@#tag@http://t.co/aB1@!!!@...@???@-----@___@$1,000.00@a1b2@you're@hello".split("@"),
);
const hardText = fc
  .array(fc.oneof(hardParts, fc.string({ maxLength: 5 }), fc.string({ unit: "binary", maxLength: 3 })))
  .map((parts) => parts.join(""));

describe("encode", () => {
  it("gives js-tiktoken's ids on any text", () => {
    fc.assert(
      fc.property(hardText, (text) => {
        expect(ids(text)).toEqual(theirIds(text));
      }),
      { numRuns: 2000 },
    );
  });

  it("gives js-tiktoken's ids on any sequence of UTF-16 units, lone surrogates too", () => {
    const units = fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat(0x7f)));
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        expect(ids(text)).toEqual(theirIds(text));
      }),
      { numRuns: 500 },
    );
  });

  it("gives js-tiktoken's ids on words so long that they are merged by queues", () => {
    const letters = fc.constantFrom("a", "b", "e", "t", "h", "in", "the", "é", "你");
    const long = fc
      .array(letters, { minLength: 200, maxLength: 500, size: "max" })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(long, (text) => {
        expect(ids(text)).toEqual(theirIds(text));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["", []],
    ["hello world", [31373, 995]],
    ["<|endoftext|>", [27, 91, 437, 1659, 5239, 91, 29]],
  ])("knows %j", (text, expected) => {
    expect(ids(text)).toEqual(expected);
  });

  it.skipIf(sharedFolder("data/btp") === null)(
    "gives js-tiktoken's ids on real messages (skipped without ../shared/data)",
    () => {
      const rows = readFileSync(`${sharedFolder("data/btp")}/cyberbullying_validation.csv`, "utf8").split(
        "\n",
      );
      const different = rows.slice(0, 3000).filter((row) => ids(row).join() !== theirIds(row).join());
      expect(different).toHaveLength(0);
    },
  );

  it("keeps the first ids where the text is too long, and counts all", () => {
    const text = "one two three four";
    const all = tokenizer.encode(text);
    expect(all).toMatchObject({ totalTokens: 4, truncated: false });
    expect(tokenizer.encode(text, { maxTokens: 4 })).toEqual(all);
    expect(tokenizer.encode(text, { maxTokens: 3 })).toEqual({
      ids: all.ids.slice(0, 3),
      totalTokens: 4,
      truncated: true,
    });
    expect(tokenizer.encode(text, { maxTokens: 0 }).ids).toHaveLength(0);
  });

  it("refuses a limit that is no number of tokens", () => {
    for (const maxTokens of [-1, 0.5, Number.NaN])
      expect(() => tokenizer.encode("a", { maxTokens })).toThrow(
        expect.objectContaining({ code: "INVALID_LIMIT" }),
      );
  });

  it("gives a million equal letters, blanks or signs the ids of their parts", () => {
    // js-tiktoken would take hours: the expected ids are worked out from the merges of "a" with itself.
    expect(new Set(ids("a".repeat(1_000_000)))).toEqual(new Set(theirIds("a".repeat(64))));
    expect(tokenizer.decode(ids("b".repeat(1_000_001)))).toBe("b".repeat(1_000_001));
    expect(tokenizer.encode(" ".repeat(1_000_000)).totalTokens).toBe(1_000_000);
    expect(tokenizer.decode(ids("!?".repeat(500_000)))).toBe("!?".repeat(500_000));
  });
});

describe("decode", () => {
  it("gives the text back, but for lone surrogates", () => {
    fc.assert(
      fc.property(hardText, (text) => {
        expect(tokenizer.decode(ids(text))).toBe(wellFormed(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps a byte order mark", () => {
    expect(tokenizer.decode(ids("\ufeffhi"))).toBe("\ufeffhi");
  });

  it("shows <|endoftext|>, which no text encodes to", () => {
    expect(tokenizer.decode([50256])).toBe("<|endoftext|>");
  });

  it("refuses ids that are not in the vocabulary", () => {
    for (const id of [-1, 50257, 0.5])
      expect(() => tokenizer.decode([id])).toThrow(expect.objectContaining({ code: "UNKNOWN_TOKEN" }));
  });
});

describe("pieceEnd", () => {
  it("cuts as GPT-2's regular expression does", () => {
    const pattern = new RegExp(gpt2.pat_str, "gu");
    fc.assert(
      fc.property(hardText, (text) => {
        const pieces: string[] = [];
        for (let start = 0, end = 0; start < text.length; start = end) {
          end = pieceEnd(text, start);
          pieces.push(text.slice(start, end));
        }
        expect(pieces).toEqual(text.match(pattern) ?? []);
      }),
      { numRuns: 2000 },
    );
  });
});
