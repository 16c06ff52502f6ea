/**
 * A folder of the cache that holds one model from one source, with a manifest written last: a folder without it is not
 * complete. Files are checked against it before use, so that one that was changed since is not used without notice.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { WeightsError } from "../errors.js";

const MANIFEST = "manifest.json";

const cacheManifest = z.object({
  version: z.literal(1),
  model: z.string(),
  source: z.string(),
  files: z
    .array(
      z.object({
        /** Plain names only: the manifest says what to read. */
        name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        url: z.string(),
        checkedAgainst: z.enum(["pinned", "server", "none"]),
        /** Of the file when its hash was last seen to be right. */
        modifiedMs: z.number(),
      }),
    )
    .min(1),
});
export type CacheManifest = z.infer<typeof cacheManifest>;

export async function writeManifest(folder: string, manifest: CacheManifest): Promise<void> {
  const path = join(folder, MANIFEST);
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

/**
 * The manifest of a complete folder; undefined where there is none. A file whose time changed is hashed again.
 * @throws {WeightsError} CHECKSUM_MISMATCH where a file is missing or not what was downloaded
 */
export async function readComplete(folder: string, checkAll = false): Promise<CacheManifest | undefined> {
  const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = cacheManifest.safeParse(parseOrUndefined(text));
  if (!parsed.success) throw changed(folder, [`${MANIFEST} is damaged`]);
  const problems: string[] = [];
  let touched = false;
  const files = [];
  for (const file of parsed.data.files) {
    const path = join(folder, file.name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) problems.push(`${file.name} is missing`);
    else if (found.size !== file.bytes)
      problems.push(`${file.name} has ${found.size} bytes, not ${file.bytes}`);
    else if ((checkAll || found.mtimeMs !== file.modifiedMs) && (await hashFile(path)) !== file.sha256) {
      problems.push(`${file.name} has another SHA-256 than when it was downloaded`);
    }
    touched ||= found !== undefined && found.mtimeMs !== file.modifiedMs;
    files.push({ ...file, modifiedMs: found?.mtimeMs ?? 0 });
  }
  if (problems.length > 0) throw changed(folder, problems);
  const manifest = { ...parsed.data, files };
  if (touched) await writeManifest(folder, manifest).catch(() => undefined);
  return manifest;
}

function changed(folder: string, problems: readonly string[]): WeightsError {
  return new WeightsError(
    "CHECKSUM_MISMATCH",
    `The weights in ${folder} are not what was downloaded; delete the folder to fetch them again:`,
    { problems },
  );
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** SHA-256 of a file, in hexadecimal. */
export async function hashFile(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    if (!(chunk instanceof Uint8Array)) continue;
    hash.update(chunk);
    onBytes?.(chunk.byteLength);
  }
  return hash.digest("hex");
}
