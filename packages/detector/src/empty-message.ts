/** Which messages say nothing. Runs in a browser too. */
import { type Decision, decide } from "./decide.js";

/**
 * What shows: anything but white space, control characters, what Unicode calls ignorable (zero widths, joiners, directions,
 * soft hyphens, fillers, variation selectors, byte order marks) and the Braille cell without dots.
 */
const visible = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** @returns true where a message is empty, or shows nothing but space */
export function isEmptyMessage(text: string): boolean {
  return !visible.test(text);
}

/** Of a message that says nothing: not cyberbullying, score 0, confidence 1, whatever the model and the threshold. */
export function emptyDecision(threshold: number): Decision {
  return { ...decide(0, threshold), label: "not cyberbullying", isCyberbullying: false, confidence: 1 };
}
