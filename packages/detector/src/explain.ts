/**
 * Which words moved a score: each word is left out once and the difference is its effect. It explains the model's
 * number, not the world: words act together, and what a word does alone is only a hint.
 */
import type { Detection, DetectOptions, Detector, ForEach } from "./detection.js";

export interface WordEffect {
  readonly word: string;
  /** Where it stands in the message, in UTF-16 units; end is exclusive. */
  readonly start: number;
  readonly end: number;
  /**
   * Score of the message less its score without the word: above 0 where the word speaks for cyberbullying. Where nothing
   * is left without the word, less the threshold.
   */
  readonly effect: number;
}

export interface ExplainedDetection extends Detection {
  /** In the message's order; at most maxExplainedWords. */
  readonly words: readonly WordEffect[];
}

/** Each word costs one more run of the message: this bounds what one message can cost. */
export const maxExplainedWords = 200;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** detect(), with every word left out in turn; all variants of all messages are batched together. */
export async function explain<const Texts extends readonly string[]>(
  detector: Detector,
  texts: Texts,
  options: DetectOptions = {},
): Promise<ForEach<Texts, ExplainedDetection>> {
  const spans = texts.map(findWords);
  const variants = texts.flatMap((text, i) => spans[i]!.map((_, word) => leaveOut(text, spans[i]!, word)));
  const detections = await detector.detect([...texts, ...variants], options);
  let next = texts.length;
  const explained = texts.map((text, i) => {
    const whole = detections[i]!;
    const words = spans[i]!.map(({ start, end }) => {
      const without = detections[next++]!;
      // An empty message scores 0 by rule, which would make every lone word an accusation.
      const rest = without.tokens > 0 || whole.tokens === 0 ? without.score : whole.threshold;
      return { word: text.slice(start, end), start, end, effect: whole.score - rest };
    });
    return { ...whole, words };
  });
  return explained as ForEach<Texts, ExplainedDetection>; // one a text: the compiler cannot see it
}

function findWords(text: string): Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(/\S+/gu)) {
    if (spans.length === maxExplainedWords) break;
    spans.push({ start: match.index, end: match.index + match[0].length });
  }
  return spans;
}

/** Takes the space after a word away with it (before it, for the last), so that no double space is left to be judged. */
function leaveOut(text: string, spans: readonly Span[], word: number): string {
  const { start, end } = spans[word]!;
  const following = spans[word + 1];
  if (following) return text.slice(0, start) + text.slice(following.start);
  const previous = spans[word - 1];
  return text.slice(0, previous ? previous.end : start) + text.slice(end);
}
