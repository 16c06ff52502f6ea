/**
 * Where the fixtures and data sets that are shared between checkouts lie: the folder `shared` beside the repository.
 * It is optional: a test that needs it skips, with the reason, where it is absent.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository's root: the nearest folder above this file that holds `nx.json`. */
export function repositoryRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "nx.json"))) return folder;
    if (folder === dirname(folder)) throw new Error(`no nx.json above ${start}`);
  }
}

/**
 * Absolute path of a file or folder in `../shared`, or null where it does not exist.
 * @param path - below the shared folder, for example "fixtures/gpt2-tiny"; none for the folder itself
 */
export function sharedFolder(...path: readonly string[]): string | null {
  const found = join(repositoryRoot(), "..", "shared", ...path);
  return existsSync(found) ? found : null;
}
