/** Turns a template into a message by drawing words: see harmful-templates.ts for the notation. */
import { pick, type Random } from "../random.js";
import { lexicon } from "./lexicon.js";

const CHOICE = /\(([^()]*\|[^()]*)\)/g;
const SLOT = /\{(a:)?(\w+)\}/g;

/** @throws {RangeError} the template names a list that the lexicon lacks: a mistake in the templates */
export function expandTemplate(template: string, random: Random): string {
  const chosen = template.replace(CHOICE, (_, options: string) => pick(options.split("|"), random));
  const filled = chosen.replace(SLOT, (_, article: string | undefined, list: string) => {
    const words = lexicon[list];
    if (words === undefined) throw new RangeError(`Expected a list of the lexicon, got {${list}}.`);
    const word = pick(words, random);
    return article === undefined ? word : `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
  });
  return filled.replace(/ {2,}/g, " ").trim();
}
