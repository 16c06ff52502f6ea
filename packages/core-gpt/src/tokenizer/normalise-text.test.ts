import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseText, withNormalisation } from "./normalise-text.js";
import { createTokenizer } from "./tokenizer.js";

describe("normaliseText", () => {
  it.each([
    ["references, twice over", "Tom &amp;amp; Ann &lt;3 &#39;ok&#x27; &bogus;", "tom & ann <3 'ok' &bogus;"],
    ["escapes", "caf\\u00e9\\nnow \\xe9", "café now é"],
    ["an emoji written as two escapes", "\\ud83d\\ude00", "😀"],
    ["compatibility characters", "ｌｏｓｅｒ 𝓵𝓸𝓼𝓮𝓻 ﬁt", "loser loser fit"],
    ["typographic quotes", "“don’t” – stop…", '"don\'t" - stop...'],
    ["invisible characters", "lo\u200bs\u00ader\u202e\ufe0f\u0007", "loser"],
    ["halves of a surrogate pair", "a\ud800b", "ab"],
    ["mentions", "@Some_One hi @Ünïcode1!", "@user hi @user!"],
    ["links", "see https://t.co/AbC?x=1 or WWW.example.org/a", "see http or http"],
    ["long runs", "sooooo!!!!!! 😂😂😂😂😂 noo", "sooo!!! 😂😂😂 noo"],
    ["white space", "  a\t\tb\n c  ", "a b c"],
    ["what is too large a code", "&#x110000;&#9999999;", "\ufffd\ufffd"],
  ])("undoes %s", (_, text, expected) => {
    expect(normaliseText(text)).toBe(expected);
  });

  it("leaves no capital ASCII letter, no run of four and no double space", () => {
    for (const text of fc.sample(fc.string({ unit: "binary" }), 300))
      expect(normaliseText(text)).not.toMatch(/[A-Z]|(.)\1{3}|\s\s|^\s|\s$|\p{Surrogate}/su);
  });

  it("is bounded in length, and quick on texts made to be slow", () => {
    // 18 characters for U+FDFA is the most that NFKC makes of one.
    for (const part of [
      "&",
      "&#",
      "&amp;",
      "@",
      "\\u",
      "www.",
      "\ufdfa",
      "aaaa",
      " ",
      "http",
      "\ud800",
      "\u0300\u0316",
    ]) {
      const text = part.repeat(200_000 / part.length);
      expect(normaliseText(text).length).toBeLessThanOrEqual(18 * text.length);
    }
  });
});

it("withNormalisation gives the ids of the normalised text, and cuts as the tokenizer does", async () => {
  const tokenizer = await createTokenizer();
  const normalising = withNormalisation(tokenizer);
  expect(normalising.encode("  HELLO   @you", { maxTokens: 2 })).toEqual(
    tokenizer.encode("hello @user", { maxTokens: 2 }),
  );
  expect(normalising.decode(normalising.encode("HELLO!!!!!").ids)).toBe("hello!!!");
});
