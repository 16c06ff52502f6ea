/** Puts copies and near copies of a message into one group, for splits that do not leak. */
import type { Example } from "./example.js";
import { GramIndex, wordGrams } from "./near-duplicates.js";
import { comparisonKey } from "./normalise.js";

export interface GroupOptions {
  /** Also group messages that share most word 5-grams; default true. */
  readonly near?: boolean;
  /** Further grouping: examples of equal key stay together (an author, a thread, a template). */
  readonly keyOf?: (example: Example, index: number) => string;
}

/** @returns for each example the index of the first example of its group */
export function groupExamples(examples: readonly Example[], options: GroupOptions = {}): Uint32Array {
  const parent = Uint32Array.from(examples, (_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = i; parent[at] !== root; ) {
      const next = parent[at]!;
      parent[at] = root;
      at = next;
    }
    return root;
  };
  // The lower index becomes the root, so that groups are named by their first example.
  const join = (i: number, j: number): void => {
    const a = find(i);
    const b = find(j);
    if (a < b) parent[b] = a;
    else parent[a] = b;
  };
  joinEqual(
    examples.map((example) => comparisonKey(example.text)),
    join,
  );
  if (options.keyOf) joinEqual(examples.map(options.keyOf), join);
  if (options.near ?? true) {
    const index = new GramIndex();
    examples.forEach((example, i) => {
      // Copies add nothing that their first example has not added.
      if (find(i) !== i && !options.keyOf) return;
      const grams = wordGrams(example.text);
      for (const other of index.nearRepeatsOf(grams)) join(i, other);
      index.add(i, grams);
    });
  }
  return Uint32Array.from(examples, (_, i) => find(i));
}

function joinEqual(keys: readonly string[], join: (i: number, j: number) => void): void {
  const first = new Map<string, number>();
  keys.forEach((key, i) => {
    const known = first.get(key);
    if (known === undefined) first.set(key, i);
    else join(known, i);
  });
}
