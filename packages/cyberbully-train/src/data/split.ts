/**
 * Cuts a data set into training, validation and test parts: stratified by label, and grouped, so that copies and near
 * copies of a message never stand on both sides. Seeded; loses and repeats nothing.
 */
import { counted } from "../counted.js";
import { TrainDataError } from "./errors.js";
import type { Example } from "./example.js";
import { type GroupOptions, groupExamples } from "./groups.js";
import { createDataRandom, shuffle } from "./random.js";

export interface SplitOptions extends GroupOptions {
  /** Share of the examples, 0 to 1; default 0.1. */
  readonly validation?: number;
  /** Share of the examples, 0 to 1; default 0. */
  readonly test?: number;
  readonly seed: number;
}

export interface Split {
  /** Each part in the order of the input. */
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  readonly test: readonly Example[];
  /** Groups of more than one example, and the size of the largest. */
  readonly groups: { readonly count: number; readonly largest: number };
}

interface Group {
  readonly members: number[];
  /** Members by label. */
  readonly size: [number, number];
}

/** @throws {TrainDataError} BAD_SPLIT: shares out of range, or so few groups that a wanted part stays empty */
export function splitExamples(examples: readonly Example[], options: SplitOptions): Split {
  const shares = sharesOf(options);
  const groups = collect(examples, groupExamples(examples, options));
  const parts = assign(groups, shares, options.seed);
  const [train, validation, test] = parts.map((members) =>
    members.sort((a, b) => a - b).map((i) => examples[i]!),
  ) as [Example[], Example[], Example[]];
  [train, validation, test].forEach((part, i) => {
    if (part.length === 0 && shares[i]! > 0)
      throw new TrainDataError(
        "BAD_SPLIT",
        `Expected enough unrelated messages for every part, got ${counted(groups.length, "group")} of related messages for ${counted(examples.length, "example")}. Ask for fewer parts or bring more data.`,
      );
  });
  const repeated = groups.filter(({ members }) => members.length > 1);
  const largest = groups.reduce((most, { members }) => Math.max(most, members.length), 0);
  return { train, validation, test, groups: { count: repeated.length, largest } };
}

function sharesOf({ validation = 0.1, test = 0 }: SplitOptions): [number, number, number] {
  const train = 1 - validation - test;
  if (![validation, test].every((share) => share >= 0 && share < 1) || train <= 1e-9)
    throw new TrainDataError(
      "BAD_SPLIT",
      `Expected shares from 0 to below 1 that leave something to train on, got validation ${validation} and test ${test}.`,
    );
  return [train, validation, test];
}

function collect(examples: readonly Example[], groupOf: Uint32Array): Group[] {
  const byRoot = new Map<number, Group>();
  examples.forEach(({ label }, i) => {
    const root = groupOf[i]!;
    const group = byRoot.get(root) ?? { members: [], size: [0, 0] };
    byRoot.set(root, group);
    group.members.push(i);
    group.size[label]++;
  });
  return [...byRoot.values()];
}

/** Large groups first, each to the part that it leaves closest to its wanted numbers of both labels. */
function assign(groups: readonly Group[], shares: readonly number[], seed: number): number[][] {
  const order = shuffle([...groups], createDataRandom(seed)).sort(
    (a, b) => b.members.length - a.members.length,
  );
  const totals = [0, 1].map((label) => groups.reduce((sum, { size }) => sum + size[label]!, 0));
  const filled = shares.map(() => [0, 0]);
  const parts: number[][] = shares.map(() => []);
  for (const { members, size } of order) {
    let best = 0;
    let bestNeed = Number.NEGATIVE_INFINITY;
    shares.forEach((share, part) => {
      if (share === 0) return;
      // Room left for the group's labels, as a part of what was wanted: 1 when empty, below 0 when overfull.
      const need = [0, 1].reduce((sum, label) => {
        const wanted = share * totals[label]!;
        return size[label] === 0 || wanted === 0
          ? sum
          : sum + (size[label]! * (wanted - filled[part]![label]! - size[label]! / 2)) / wanted;
      }, 0);
      if (need > bestNeed) {
        best = part;
        bestNeed = need;
      }
    });
    parts[best]!.push(...members);
    filled[best]![0]! += size[0];
    filled[best]![1]! += size[1];
  }
  return parts;
}
