/** The places that a model may come from, in the order in which they are tried, and the cache's folder for each. */
import { OPENAI_FILES, type PinnedFile, type PinnedModel } from "./manifest.js";
import type { SourceSettings } from "./settings.js";

export interface Source {
  readonly name: string;
  /** Of the folder in the cache. */
  readonly folderName: string;
  readonly files: readonly PinnedFile[];
  readonly token: string | undefined;
  urlOf(file: string): string;
}

const OPENAI_FOLDER = "openai";
const MIRROR_FOLDER = "mirror";

function hubFolder({ revision }: PinnedModel): string {
  return `huggingface-${revision.slice(0, 12)}`;
}

export function sourcesOf(
  model: PinnedModel,
  { endpoint, mirror, openaiEndpoint, token }: SourceSettings,
): Source[] {
  const files = model.huggingFaceFiles;
  if (mirror !== undefined) {
    const urlOf = (file: string): string => `${mirror}/${model.name}/${file}`;
    return [{ name: mirror, folderName: MIRROR_FOLDER, files, token: undefined, urlOf }];
  }
  const hub: Source = {
    name: endpoint,
    folderName: hubFolder(model),
    files,
    token,
    urlOf: (file) => `${endpoint}/${model.repository}/resolve/${model.revision}/${file}`,
  };
  const openai: Source = {
    name: openaiEndpoint,
    folderName: OPENAI_FOLDER,
    files: OPENAI_FILES,
    token: undefined,
    urlOf: (file) => `${openaiEndpoint}/${model.openaiName}/${file}`,
  };
  return [hub, openai];
}

/** Every folder of the cache that may hold this model, whatever the settings are now. */
export function cacheFolderNames(model: PinnedModel): readonly string[] {
  return [hubFolder(model), OPENAI_FOLDER, MIRROR_FOLDER];
}
