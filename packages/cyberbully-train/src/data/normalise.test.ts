import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparisonKey, decodeHtml } from "./normalise.js";

describe("comparison keys", () => {
  it.each([
    ["a mention in front", "@someone You're late!", "youre LATE"],
    ["another mention", "@one hello there", "@two hello there"],
    ["a link", "look at this https://t.co/abc123", "Look at this www.example.org/x?y=1"],
    ["HTML escapes", "cats &amp; dogs &lt;3", "cats dogs 3"],
    ["escapes of escapes", "Tom&amp;#39;s", "toms"],
    ["a retweet", "RT @a: so true", "so true"],
    ["punctuation, white space and full-width letters", "  Ｗell...\tok ", "well ok"],
    ["curly quotes", "don’t", "dont"],
    ["a hashtag", "#monday again", "Monday again"],
  ])("are equal despite %s", (_, a, b) => {
    expect(comparisonKey(a)).toBe(comparisonKey(b));
  });

  it("keep messages of signs apart", () => {
    expect(comparisonKey("😀")).not.toBe(comparisonKey("😡"));
    expect(comparisonKey("@a")).not.toBe(comparisonKey("@b"));
  });

  it("tell words of any script apart", () => {
    expect(comparisonKey("добрый день")).not.toBe(comparisonKey("доброе утро"));
  });

  it("are their own keys", () => {
    fc.assert(fc.property(fc.lorem(), (text) => comparisonKey(comparisonKey(text)) === comparisonKey(text)));
  });
});

describe("HTML escapes", () => {
  it("are decoded by name, number and hexadecimal number", () => {
    expect(decodeHtml("&lt;&#62;&#x41;&quot;&unknown;&#0;&#xD800;")).toBe('<>A"&unknown;  ');
  });
});
