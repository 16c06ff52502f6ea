/** Counts in sentences: "1 row", "2 rows". */

/** @param many - where an "s" does not make it */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The word that agrees with a count: `agreeing(1, "is", "are")`. */
export const agreeing = (count: number, one: string, many: string): string => (count === 1 ? one : many);
