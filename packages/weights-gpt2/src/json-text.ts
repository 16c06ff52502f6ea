/**
 * JSON from untrusted files: bounded in size and depth, valid UTF-8, and no name twice in one object. `JSON.parse` alone
 * keeps the last of two equal names silently, so two readers of one file could see different tensors. Linear in time.
 */
export interface ParsedJson {
  readonly value: unknown;
  /** Names that occur twice in the same object, as written in the file. */
  readonly duplicates: readonly string[];
}

/** A safetensors header has depth 3 (file, entry, shape); nothing this package reads needs more than a few levels. */
const MAX_DEPTH = 16;
const MAX_DUPLICATES = 100;

/** @throws {Error} with a one-line reason, which the caller puts in its own coded error */
export function parseJsonBytes(bytes: Uint8Array, maxDepth: number = MAX_DEPTH): ParsedJson {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error("it is not valid UTF-8");
  }
  checkDepth(text, maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // V8's message quotes the file's text, which may hold anything.
    throw new Error("it is not valid JSON");
  }
  return { value, duplicates: duplicateNames(text) };
}

function checkDepth(text: string, maxDepth: number): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > maxDepth) throw new Error(`it is nested deeper than ${maxDepth} levels`);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;

/** Index of the quote that closes the string which opens at `start`, or the text's length. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return Math.min(i, text.length);
}

/** `text` is valid JSON, so a string followed by a colon is a name of the innermost open object. */
function duplicateNames(text: string): string[] {
  const open: (Set<string> | undefined)[] = [];
  const duplicates: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === OPEN_BRACE) open.push(new Set());
    else if (code === OPEN_BRACKET) open.push(undefined);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) open.pop();
    else if (code === QUOTE) {
      const end = stringEnd(text, i);
      const literal = text.slice(i, end + 1);
      i = end;
      const names = open.at(-1);
      if (names === undefined || !colonFollows(text, end + 1)) continue;
      // Most names have no escapes; parsing each would take most of the time.
      const name = literal.includes("\\") ? String(JSON.parse(literal)) : literal.slice(1, -1);
      if (names.has(name) && duplicates.length < MAX_DUPLICATES) duplicates.push(name);
      names.add(name);
    }
  }
  return duplicates;
}

function colonFollows(text: string, from: number): boolean {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return text.charCodeAt(i) === COLON;
}
