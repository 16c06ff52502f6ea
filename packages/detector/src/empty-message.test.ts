import { expect, it } from "vitest";
import { emptyDecision, isEmptyMessage } from "./empty-message.js";

it.each([
  ["nothing", ""],
  ["white space", " \t\r\n\u00a0\u2003\u3000"],
  ["zero widths, joiners and a byte order mark", "\u200b\u200c\u200d\u2060\ufeff"],
  ["directions, a soft hyphen, a variation selector", "\u202e\u2066\u00ad\ufe0f\u{e0100}"],
  ["fillers and the blank Braille cell", "\u3164\u115f\u2800"],
  ["control characters", "\u0000\u0007\u007f\u0085"],
])("finds nothing said in %s", (_, text) => {
  expect(isEmptyMessage(text)).toBe(true);
});

it.each(["a", " . ", "\u200b!", "\u{1f600}", "\u0301", "\ud800", "0"])(
  "finds something said in %j",
  (text) => {
    expect(isEmptyMessage(text)).toBe(false);
  },
);

it.each([0, 0.3, 1])("is not cyberbullying, whatever the threshold (%s)", (threshold) => {
  expect(emptyDecision(threshold)).toEqual({
    label: "not cyberbullying",
    isCyberbullying: false,
    confidence: 1,
    score: 0,
    threshold,
  });
});
