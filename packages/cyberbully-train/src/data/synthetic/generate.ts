/**
 * The synthetic sample of datasets/: generated from templates written for this project, so that everybody can try the
 * software at once. Not for judging a detector. The same seed gives the same bytes; datasets/README.md tells the story.
 */
import type { Example } from "../example.js";
import { GramIndex, wordGrams } from "../near-duplicates.js";
import { comparisonKey } from "../normalise.js";
import { createDataRandom, pick, type Random, shuffle } from "../random.js";
import { expandTemplate } from "./expand.js";
import { harmfulKinds } from "./harmful-templates.js";
import { harmlessKinds } from "./harmless-templates.js";
import { addNoise } from "./noise.js";
import { harmfulTails, harmlessTails } from "./tails.js";
import type { TemplateKind } from "./template-kind.js";

export const syntheticParts = ["train", "validation", "test"] as const;
export type SyntheticPart = (typeof syntheticParts)[number];
export type SyntheticRow = Pick<Example, "text" | "label">;
export type SyntheticSample = Readonly<Record<SyntheticPart, readonly SyntheticRow[]>>;

/** Messages of each label, shared out over its templates. */
const MESSAGES_PER_LABEL = 2_000;
/** Part of the messages that end in a second, shared sentence. */
const TAIL_SHARE = 0.65;
/** A template of few words runs out of different messages; then it gives what it has. */
const TRIES_PER_MESSAGE = 20;

/**
 * A template belongs to one part, in the ratio 4 : 1 : 1 within its kind, so no part lacks a kind and none holds a
 * message that another part has too, nor one with most word 5-grams shared.
 */
export function generateSynthetic(seed: number): SyntheticSample {
  const random = createDataRandom(seed);
  const writer = new SampleWriter(random);
  for (const [kinds, label] of [
    [harmfulKinds, 1],
    [harmlessKinds, 0],
  ] as const) {
    const templates = kinds.reduce((sum, kind) => sum + kind.templates.length, 0);
    for (const kind of kinds) writer.write(kind, label, MESSAGES_PER_LABEL / templates);
  }
  return writer.finish();
}

class SampleWriter {
  private readonly rows: Record<SyntheticPart, SyntheticRow[]> = { train: [], validation: [], test: [] };
  private readonly keys = new Set<string>();
  private readonly grams = new GramIndex();
  /** Part of each message, by its number in `grams`. */
  private readonly partOf: SyntheticPart[] = [];
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  write(kind: TemplateKind, label: 0 | 1, messagesPerTemplate: number): void {
    const templates = shuffle([...kind.templates], this.random);
    const sixth = Math.max(1, Math.round(templates.length / 6));
    let wanted = 0;
    let written = 0;
    templates.forEach((template, i) => {
      const part = i < sixth ? "validation" : i < 2 * sixth ? "test" : "train";
      wanted += messagesPerTemplate;
      let tries = TRIES_PER_MESSAGE * Math.ceil(messagesPerTemplate);
      let ofTemplate = 0;
      // No template may make up for another by more than half of its own.
      while (written < Math.round(wanted) && ofTemplate < 1.5 * messagesPerTemplate && tries-- > 0)
        if (this.add(this.compose(template, label), label, part)) {
          written++;
          ofTemplate++;
        }
    });
  }

  private compose(template: string, label: 0 | 1): string {
    const { random } = this;
    const first = expandTemplate(template, random);
    if (random() >= TAIL_SHARE) return addNoise(first, random);
    const tail = expandTemplate(pick(label === 1 ? harmfulTails : harmlessTails, random), random);
    const joint = /[a-z0-9)]$/i.test(first) ? pick([", ", ". ", " ", "! "], random) : " ";
    return addNoise(
      random() < 0.3 ? `${tail}${pick([", ", "! ", ". "], random)}${first}` : first + joint + tail,
      random,
    );
  }

  /** @returns false for a message that is there already, or that nearly repeats one of another part */
  private add(text: string, label: 0 | 1, part: SyntheticPart): boolean {
    const key = comparisonKey(text);
    if (this.keys.has(key)) return false;
    const grams = wordGrams(text);
    if (this.grams.nearRepeatsOf(grams).some((other) => this.partOf[other] !== part)) return false;
    this.keys.add(key);
    this.grams.add(this.partOf.length, grams);
    this.partOf.push(part);
    this.rows[part].push({ text, label });
    return true;
  }

  finish(): SyntheticSample {
    for (const part of syntheticParts) shuffle(this.rows[part], this.random);
    return this.rows;
  }
}
