import { beforeAll, describe, expect, it } from "vitest";
import { explain } from "./explain.js";
import { createTokenizer, type Gpt2Tokenizer } from "./tokenizer.js";

let gpt2: Gpt2Tokenizer;

beforeAll(async () => {
  gpt2 = await createTokenizer();
});

describe("explain", () => {
  it("shows each join on the way to the tokens", () => {
    const lines = explain(gpt2, "You're stupidly").flatMap(({ text, steps, tokens }) => [
      `${text}:`,
      ...steps.map(({ rank, parts }) => `  ${rank}  ${parts.join("|")}`),
      `  = ${tokens.map(({ id }) => id).join(" ")}`,
    ]);
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "You:
        280  Y|ou
        1639  You
        = 1639
      're:
        260  '|re
        821  're
        = 821
       stupidly:
        264   s|t|u|p|i|d|l|y
        306   s|t|u|p|i|d|ly
        312   s|t|u|p|id|ly
        336   st|u|p|id|ly
        929   st|up|id|ly
        7658   st|upid|ly
        8531   stupid|ly
        = 8531 306"
    `);
  });

  it("ends in the tokens of encode, parts of characters shown in hexadecimal", () => {
    const [piece] = explain(gpt2, "🦙");
    expect(piece?.tokens.map(({ id }) => id)).toEqual(Array.from(gpt2.encode("🦙").ids));
    expect(piece?.steps.at(-1)?.parts).toEqual(piece?.tokens.map(({ text }) => text));
    expect(piece?.tokens.at(-1)?.text).toBe("\\x99");
  });

  it("shows no steps for a piece of more than 256 bytes", () => {
    const [piece] = explain(gpt2, "a".repeat(257));
    expect(piece?.steps).toEqual([]);
    expect(piece?.tokens.map(({ text }) => text).join("")).toBe("a".repeat(257));
  });
});
