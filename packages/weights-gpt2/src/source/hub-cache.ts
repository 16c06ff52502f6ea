/**
 * Looks for the pinned revision in Hugging Face's own cache, which other programs may have filled. Never writes there.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { PinnedModel } from "./manifest.js";

/** The folder with config.json and model.safetensors of the right size, or undefined. */
export async function findInHubCache(model: PinnedModel, hubCache: string): Promise<string | undefined> {
  // "gpt2" is the repository's old name, under which older programs keep it.
  for (const repository of [model.repository, model.name]) {
    const folder = join(hubCache, `models--${repository.replaceAll("/", "--")}`, "snapshots", model.revision);
    const sizes = await Promise.all(
      model.huggingFaceFiles.map(async ({ name, bytes }) => {
        const found = await stat(join(folder, name)).catch(() => undefined);
        return found?.isFile() === true && (bytes === undefined || bytes === found.size);
      }),
    );
    if (sizes.every(Boolean)) return folder;
  }
  return undefined;
}
