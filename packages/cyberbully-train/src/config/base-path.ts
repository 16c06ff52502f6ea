/** Which weights a run starts from, as text that means the same from every working directory. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { findModel } from "@btp/weights-gpt2";

/** "none" and names of published sizes as they are; what is there as a file or folder, which goes before a name, by its path. */
export function absoluteBase(base: string): string {
  const isThere = base !== "none" && (existsSync(base) || existsSync(`${base}.index`));
  return isThere ? resolve(base) : base;
}

/**
 * Whether two bases may be the same weights. Folders may, since they can be moved: their weights' digests are compared when
 * the run goes on.
 */
export function mayBeSameBase(before: string, now: string): boolean {
  const isPath = (base: string): boolean => base !== "none" && findModel(base) === undefined;
  return before === absoluteBase(now) || (isPath(before) && isPath(now));
}
