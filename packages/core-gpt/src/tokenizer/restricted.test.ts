import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { restrictVocabulary, singleByteIds } from "./restricted.js";
import { createTokenizer, type Gpt2Tokenizer, type Tokenizer } from "./tokenizer.js";

let gpt2: Gpt2Tokenizer;
let bytesOnly: Tokenizer;
let small: Tokenizer;

beforeAll(async () => {
  gpt2 = await createTokenizer();
  bytesOnly = restrictVocabulary(gpt2, singleByteIds(gpt2));
  small = restrictVocabulary(
    gpt2,
    Int32Array.from({ length: 1000 }, (_, id) => id),
  );
});

describe("restrictVocabulary", () => {
  it("changes nothing where everything is kept", () => {
    const all = restrictVocabulary(
      gpt2,
      Int32Array.from({ length: gpt2.vocabSize }, (_, id) => id),
    );
    const text = "Everything's kept, 100 %! 😀";
    expect(all.encode(text)).toEqual(gpt2.encode(text));
  });

  it("comes down to bytes where nothing else is kept", () => {
    const text = "héllo 😀";
    const { ids, totalTokens } = bytesOnly.encode(text);
    expect(totalTokens).toBe(new TextEncoder().encode(text).length);
    expect(Array.from(ids, (id) => bytesOnly.tokenBytes(id)[0])).toEqual([...new TextEncoder().encode(text)]);
  });

  it("gives ids below its size and loses no text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        for (const tokenizer of [small, bytesOnly]) {
          const { ids } = tokenizer.encode(text);
          expect(ids.every((id) => id >= 0 && id < tokenizer.vocabSize)).toBe(true);
          expect(tokenizer.decode(ids)).toBe(text);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("keeps the parts of a token that are kept", () => {
    const [ing = 0] = gpt2.encode("ing").ids;
    const [running = 0] = gpt2.encode(" running").ids;
    const kept = [...singleByteIds(gpt2), ing].sort((a, b) => a - b);
    const restricted = restrictVocabulary(gpt2, kept);
    expect(kept).not.toContain(running);
    const shown = Array.from(restricted.encode(" running").ids, (id) => restricted.decode([id]));
    expect(shown).toEqual([" ", "r", "u", "n", "n", "ing"]);
  });

  it("counts and cuts in its own tokens", () => {
    expect(bytesOnly.encode("hello", { maxTokens: 3 })).toMatchObject({ totalTokens: 5, truncated: true });
    expect(bytesOnly.decode(bytesOnly.encode("hello", { maxTokens: 3 }).ids)).toBe("hel");
  });

  it.each([
    ["a byte is missing", (bytes: number[]) => bytes.slice(1)],
    ["an id is there twice", (bytes: number[]) => [...bytes, bytes.at(-1) ?? 0]],
    ["ids descend", (bytes: number[]) => [...bytes].reverse()],
    ["an id is unknown", (bytes: number[]) => [...bytes, 50257]],
    ["an id is no whole number", (bytes: number[]) => [...bytes, 300.5]],
  ])("is refused where %s", (_, kept) => {
    expect(() => restrictVocabulary(gpt2, kept(singleByteIds(gpt2)))).toThrow(
      expect.objectContaining({ code: "INVALID_VOCABULARY" }),
    );
  });
});
