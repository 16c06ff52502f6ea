/** One figure per kind of message: where a detector errs, and on whom, which a single accuracy hides. */
import { confusionAt } from "./confusion.js";
import { type Interval, wilsonInterval } from "./intervals.js";

export interface GroupFigures {
  readonly group: string;
  readonly messages: number;
  readonly positive: number;
  readonly accuracy: number;
  /** Of accuracy, 95 %: groups are small, so Wilson's. */
  readonly accuracyWilson: Interval;
  /** Share of its messages called cyberbullying; for a group without any, the false positive rate. */
  readonly flagged: number;
  /** Share of its harmless messages called cyberbullying; null where it has none. */
  readonly falsePositiveRate: number | null;
  /** Share of its cyberbullying that was missed; null where it has none. */
  readonly falseNegativeRate: number | null;
}

/**
 * @param groups - the group of each message, [N]
 * @param labels - 0 or 1, [N]
 * @param scores - [N]; cyberbullying where `score >= threshold`
 * @returns one entry a group, by name
 */
export function evaluateGroups(
  groups: readonly string[],
  labels: Uint8Array,
  scores: Float64Array,
  threshold: number,
): GroupFigures[] {
  const members = new Map<string, number[]>();
  groups.forEach((group, i) => {
    const list = members.get(group);
    if (list) list.push(i);
    else members.set(group, [i]);
  });
  return [...members]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, rows]) => {
      const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusionAt(
        Uint8Array.from(rows, (i) => labels[i]!),
        Float64Array.from(rows, (i) => scores[i]!),
        threshold,
      );
      const positive = truePositives + falseNegatives;
      const negative = trueNegatives + falsePositives;
      const right = truePositives + trueNegatives;
      return {
        group,
        messages: rows.length,
        positive,
        accuracy: right / rows.length,
        accuracyWilson: wilsonInterval(right, rows.length),
        flagged: (truePositives + falsePositives) / rows.length,
        falsePositiveRate: negative === 0 ? null : falsePositives / negative,
        falseNegativeRate: positive === 0 ? null : falseNegatives / positive,
      };
    });
}

const shownNameLength = 28;

/** A table for a terminal, the weakest group first; no colour, lines of at most 80 characters. */
export function formatGroups(figures: readonly GroupFigures[]): string {
  const header = `${"group".padEnd(shownNameLength)}messages  bullying  called so  accuracy`;
  const lines = [...figures]
    .sort((a, b) => a.accuracy - b.accuracy)
    .map(({ group, messages, positive, flagged, accuracy, accuracyWilson: { low, high } }) => {
      const name = group === "" ? "(none)" : printable(group);
      const counts = [String(messages).padStart(8), String(positive).padStart(10)].join("");
      const share = `${(100 * flagged).toFixed(0)} %`.padStart(11);
      return `${name.padEnd(shownNameLength)}${counts}${share}${accuracy.toFixed(2).padStart(8)} (${low.toFixed(2)}-${high.toFixed(2)})`;
    });
  return [header, ...lines].join("\n");
}

/** A file's words on a terminal: no control characters, one column's width. */
function printable(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}]/gu, "?");
  return plain.length < shownNameLength ? plain : `${plain.slice(0, shownNameLength - 2)}~`;
}
