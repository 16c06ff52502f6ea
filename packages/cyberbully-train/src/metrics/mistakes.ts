export interface Mistake {
  /** Row of the message among those scored. */
  readonly row: number;
  /** 1 = cyberbullying */
  readonly label: number;
  readonly score: number;
}

/**
 * The mistakes that were made with most certainty: first the worst of each kind, then the second worst of each.
 * @param labels - 0 or 1, length N       @param scores - length N
 * @param groups - kind of each message, length N; undefined: all of one
 * @param count - most that are wanted
 */
export function worstMistakes(
  labels: Uint8Array,
  scores: Float64Array,
  threshold: number,
  count: number,
  groups?: readonly string[],
): Mistake[] {
  const wrong = [...labels.keys()]
    .map((row) => ({ row, label: labels[row]!, score: scores[row]! }))
    .filter(({ label, score }) => (score >= threshold ? 1 : 0) !== label)
    .sort((a, b) => Math.abs(b.score - threshold) - Math.abs(a.score - threshold) || a.row - b.row);
  const taken = new Map<string, number>();
  const ranked = wrong.map((mistake) => {
    const group = groups?.[mistake.row] ?? "";
    const place = taken.get(group) ?? 0;
    taken.set(group, place + 1);
    return { mistake, place };
  });
  // sort() keeps the order of equals: within a place the most certain stays first.
  return ranked
    .sort((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ mistake }) => mistake);
}
