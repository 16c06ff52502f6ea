/**
 * Bytes to lines, in the groups they arrive in: whoever types one line a minute gets an answer a minute, and a large
 * pipe comes in large groups. Memory is bounded by the longest line that is accepted.
 */

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line end; undefined where the line was longer than accepted. */
  readonly text: string | undefined;
}

export interface LineOptions {
  /** Longest line, in UTF-16 units. */
  readonly maxLength: number;
}

export async function* bytesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

/** @param chunks - UTF-8; what is none becomes U+FFFD. A byte order mark at the start is dropped. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array | string>,
  { maxLength }: LineOptions,
): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = "";
  let overlong = false;
  const split = (text: string, atEnd: boolean): Line[] => {
    const lines: Line[] = [];
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    if (atEnd && (rest !== "" || overlong)) parts.push(rest);
    for (const part of parts) {
      const line = part.endsWith("\r") ? part.slice(0, -1) : part;
      lines.push({ number: ++number, text: overlong || line.length > maxLength ? undefined : line });
      overlong = false;
    }
    if (!atEnd && rest.length > maxLength + 1) {
      overlong = true;
      rest = "";
    }
    return lines;
  };
  for await (const chunk of chunks) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = split(text, false);
    if (lines.length > 0) yield lines;
  }
  const last = split(decoder.decode(), true);
  if (last.length > 0) yield last;
}
