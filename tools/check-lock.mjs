// Checks that package-lock.json is complete for every platform: each optional dependency that a locked package names must be
// locked too. The registry sometimes lacks a new release's platform packages; npm install then leaves them out without a word
// and `npm ci` fails on other machines.
import { readFileSync } from "node:fs";
import { root } from "./install.mjs";

/** Names `package -> dependency` of every optional dependency that the lock does not hold. */
export function missingOptionalDependencies(lock) {
  const packages = lock.packages ?? {};
  const missing = [];
  for (const [path, entry] of Object.entries(packages)) {
    if (entry.link) continue;
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!resolves(packages, path, name)) missing.push(`${path || "(root)"} -> ${name}`);
    }
  }
  return missing;
}

/** Node's resolution: node_modules beside the package, then beside each parent. */
function resolves(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (packages[`${folder ? `${folder}/` : ""}node_modules/${name}`]) return true;
    if (!folder) return false;
    if (!folder.includes("/node_modules/")) return Boolean(packages[`node_modules/${name}`]);
  }
}

/** Ends the process with code 1 when the lock file is incomplete. */
export function checkLock() {
  const missing = missingOptionalDependencies(JSON.parse(readFileSync(`${root}package-lock.json`, "utf8")));
  if (missing.length > 0) {
    console.error(
      `package-lock.json lacks optional dependencies, npm ci would fail elsewhere:\n  ${missing.join("\n  ")}`,
    );
    process.exit(1);
  }
  console.log("package-lock.json holds every optional dependency of every platform.");
}
