/** Shows how a text becomes tokens, step by step: for people who want to see byte pair encoding at work. */
import { pieceEnd } from "./pretokenize.js";
import type { Gpt2Tokenizer } from "./tokenizer.js";

/** Longer pieces are shown without steps. */
const longestShown = 256;

export interface ExplainedPiece {
  /** What `pieceEnd` cut out, for example " tokens". */
  readonly text: string;
  /** The joins in the order in which they were made; the first joins single bytes. */
  readonly steps: readonly ExplainedStep[];
  readonly tokens: readonly { readonly id: number; readonly text: string }[];
}

export interface ExplainedStep {
  /** The token that came out, and its rank, which is its id. Of all pairs at hand it had the lowest. */
  readonly joined: string;
  readonly rank: number;
  /** All parts of the piece after the join. */
  readonly parts: readonly string[];
}

/** @param text - shown as it is cut and joined; linear in its length but for pieces, of which the longest have no steps */
export function explain(tokenizer: Gpt2Tokenizer, text: string): ExplainedPiece[] {
  const pieces: ExplainedPiece[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = pieceEnd(text, start);
    const ids = tokenizer.encodePiece(text, start, end);
    const piece = text.slice(start, end);
    const tokens = ids.map((id) => ({ id, text: showBytes(tokenizer.tokenBytes(id)) }));
    pieces.push({ text: piece, steps: stepsOf(tokenizer, piece), tokens });
  }
  return pieces;
}

/** The rule of byte pair encoding in its plainest form: look for the pair of lowest rank, join it, start again. */
function stepsOf(tokenizer: Gpt2Tokenizer, piece: string): ExplainedStep[] {
  const bytes = new TextEncoder().encode(piece);
  if (bytes.length > longestShown) return [];
  let ids = Array.from(bytes, (byte) => tokenizer.merges.byteTokens[byte] ?? 0);
  const show = (id: number): string => showBytes(tokenizer.tokenBytes(id));
  const steps: ExplainedStep[] = [];
  for (;;) {
    const ranks = ids.slice(1).map((right, i) => tokenizer.merges.join(ids[i] ?? 0, right));
    const possible = ranks.filter((rank) => rank >= 0);
    if (possible.length === 0) return steps;
    const rank = Math.min(...possible);
    const where = ranks.indexOf(rank);
    ids = [...ids.slice(0, where), rank, ...ids.slice(where + 2)];
    steps.push({ joined: show(rank), rank, parts: ids.map(show) });
  }
}

/** Bytes as text where they are UTF-8, else in hexadecimal: a token may be a part of a character. */
function showBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  }
}
