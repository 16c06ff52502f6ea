/** What the labels of a data set mean: the mapping from its values to 1 (cyberbullying), 0 (not) or left out. */
import { TrainDataError } from "./errors.js";

/** Keys are compared without case and outer white space. */
export type LabelMapping = ReadonlyMap<string, 0 | 1 | "drop">;

/**
 * Reads "none=0,racism=1,sexism=1,spam=drop".
 * @throws {TrainDataError} BAD_LABEL_MAPPING: a part that is no `value=0|1|drop`, a value twice, a side missing
 */
export function parseLabelMapping(text: string): LabelMapping {
  const mapping = new Map<string, 0 | 1 | "drop">();
  for (const part of text.split(",")) {
    const at = part.lastIndexOf("=");
    const key = part.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const target = targetOf(
      part
        .slice(at + 1)
        .trim()
        .toLowerCase(),
    );
    if (at === -1 || key === "" || target === undefined)
      throw refuse(`got the part ${JSON.stringify(part.trim().slice(0, 60))}`);
    if (mapping.has(key)) throw refuse(`got ${JSON.stringify(key.slice(0, 60))} twice`);
    mapping.set(key, target);
  }
  const targets = new Set(mapping.values());
  if (!targets.has(0) || !targets.has(1)) throw refuse("got no value for one of the two sides");
  return mapping;
}

/** @returns undefined where the value is not a label; without a mapping 0, 1, 0.0 and 1.0 are */
export function readLabel(value: string, mapping?: LabelMapping): 0 | 1 | "drop" | undefined {
  const trimmed = value.trim();
  if (mapping !== undefined) {
    // Spreadsheets and pandas turn 1 into 1.0 as soon as one cell is empty.
    return mapping.get(trimmed.toLowerCase()) ?? mapping.get(trimmed.replace(/^(\d+)\.0+$/, "$1"));
  }
  if (trimmed === "1" || trimmed === "1.0") return 1;
  if (trimmed === "0" || trimmed === "0.0") return 0;
  return undefined;
}

function targetOf(text: string): 0 | 1 | "drop" | undefined {
  if (text === "0") return 0;
  if (text === "1") return 1;
  return text === "drop" ? "drop" : undefined;
}

function refuse(got: string): TrainDataError {
  return new TrainDataError(
    "BAD_LABEL_MAPPING",
    `Expected a label mapping such as "none=0,racism=1,spam=drop" with both 0 and 1 in it, ${got}.`,
  );
}
