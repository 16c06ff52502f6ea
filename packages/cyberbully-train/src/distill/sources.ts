/** Every source of a recipe in memory: texts, labels, token ids and what teachers said, checked to belong together. */
import { createHash } from "node:crypto";
import { TrainError } from "../errors.js";
import type { EncodedMessages } from "../messages/encoded-messages.js";
import { encodeMessages } from "../messages/encoded-messages.js";
import type { Vocabulary } from "../prepare/vocabulary.js";
import type { Recipe, Source } from "./recipe.js";
import { readScores, readVectors, type TeacherVectors } from "./teacher-file.js";
import { type ReadTexts, readTexts } from "./texts.js";

export interface LoadedSource extends ReadTexts {
  readonly name: string;
  /** As the recipe names it. */
  readonly file: string;
  /** Logit of text i, float32. */
  readonly scores: Float32Array | undefined;
  /** Row `firstRow + i` belongs to text i. */
  readonly vectors: TeacherVectors | undefined;
}

/** How paths of a recipe become paths of this machine. */
export type ResolvePath = (path: string) => string;

/** @throws {TrainError} BAD_DATA, BAD_TEACHER_FILE; TrainDataError */
export async function loadSources(recipe: Recipe, resolvePath: ResolvePath): Promise<LoadedSource[]> {
  const used = new Set(recipe.phases.flatMap(({ mixture }) => mixture.map(({ source }) => source)));
  for (const name of recipe.vocabulary.countedIn ?? []) used.add(name);
  const loaded: LoadedSource[] = [];
  // Sources may be parts of one file: its vectors, the largest thing in memory, are read once.
  const vectorFiles = new Map<string, Promise<TeacherVectors>>();
  const vectorsOf = (path: string, textsSha256: string): Promise<TeacherVectors> => {
    const key = `${textsSha256} ${path}`;
    const found = vectorFiles.get(key) ?? readVectors(path, textsSha256);
    vectorFiles.set(key, found);
    return found;
  };
  for (const [name, source] of Object.entries(recipe.sources))
    if (used.has(name)) loaded.push(await loadSource(name, source, resolvePath, vectorsOf));
  return loaded;
}

async function loadSource(
  name: string,
  source: Source,
  resolvePath: ResolvePath,
  vectorsOf: typeof readVectors,
): Promise<LoadedSource> {
  const file = resolvePath(source.file);
  const read = await readTexts(file, source);
  if (source.scores !== undefined || source.vectors !== undefined) refuseGaps(read, file);
  const end = read.firstRow + read.texts.length;
  const covers = (rows: number, path: string): void => {
    if (rows >= end) return;
    throw new TrainError(
      "BAD_TEACHER_FILE",
      `Expected a teacher's row for each of the ${end} texts up to the last one used of ${file}, got ${rows} in ${path}.`,
    );
  };
  let scores: Float32Array | undefined;
  if (source.scores !== undefined) {
    const all = await readScores(resolvePath(source.scores), read.sha256);
    covers(all.length, source.scores);
    scores = all.slice(read.firstRow, end);
  }
  let vectors: TeacherVectors | undefined;
  if (source.vectors !== undefined) {
    vectors = await vectorsOf(resolvePath(source.vectors), read.sha256);
    covers(vectors.count, source.vectors);
  }
  return { ...read, name, file: source.file, scores, vectors };
}

/** A teacher's rows belong to the file's: a row that is left out would move all that follow. */
function refuseGaps({ badRows, droppedRows }: ReadTexts, file: string): void {
  if (badRows > 0)
    throw new TrainError(
      "BAD_DATA",
      `Expected every row of ${file} to be readable, since a teacher's rows belong to it, but ${badRows} are not. ` +
        "Repair them and make the teacher's files again.",
    );
  if (droppedRows > 0)
    throw new TrainError(
      "BAD_DATA",
      `Expected labels that keep every row of ${file}, since a teacher's rows belong to it, but ${droppedRows} are dropped. ` +
        "Write what is kept with btp-cli dataset import, and make the teacher's files again for that.",
    );
}

/** sha256 over everything that training reads of the sources, hex. */
export function digestSources(sources: readonly LoadedSource[]): string {
  const hash = createHash("sha256");
  for (const { name, sha256, firstRow, texts, scores, vectors } of sources) {
    hash.update(JSON.stringify([name, sha256, firstRow, texts.length, vectors?.width ?? 0]));
    if (scores !== undefined)
      hash.update(new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength));
    for (let i = 0; vectors !== undefined && i < texts.length; i++)
      hash.update(new Uint8Array(vectors.row(firstRow + i).buffer));
  }
  return hash.digest("hex");
}

/** Token ids of a source; targets are the labels, one half where there are none. */
export function encodeSource(
  { texts, labels }: Pick<LoadedSource, "texts" | "labels">,
  vocabulary: Vocabulary,
  maxTokens: number,
): EncodedMessages {
  const examples = texts.map((text, i) => ({ text, label: labels?.[i] ?? 0.5 }));
  return encodeMessages(examples, vocabulary.encode, maxTokens);
}
