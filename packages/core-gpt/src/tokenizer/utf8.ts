/** UTF-8, written and read without an object for each word (TextEncoder and TextDecoder cost more than short words do). */

/**
 * Writes the UTF-8 bytes of `text` from start to end; a lone surrogate as U+FFFD, as TextEncoder does.
 * @param target - has room for 3 bytes a UTF-16 unit
 * @returns how many bytes were written
 * Source: RFC 3629, section 3.
 */
export function writeUtf8(text: string, start: number, end: number, target: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      target[length++] = code;
      continue;
    }
    if (code < 0x800) {
      target[length++] = 0xc0 | (code >> 6);
      target[length++] = 0x80 | (code & 0x3f);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      const low = code < 0xdc00 && i + 1 < end ? text.charCodeAt(i + 1) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        const codePoint = 0x1_0000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
        target[length++] = 0xf0 | (codePoint >> 18);
        target[length++] = 0x80 | ((codePoint >> 12) & 0x3f);
        target[length++] = 0x80 | ((codePoint >> 6) & 0x3f);
        target[length++] = 0x80 | (codePoint & 0x3f);
        i++;
        continue;
      }
      code = 0xfffd;
    }
    target[length++] = 0xe0 | (code >> 12);
    target[length++] = 0x80 | ((code >> 6) & 0x3f);
    target[length++] = 0x80 | (code & 0x3f);
  }
  return length;
}

/** Joins and decodes; bytes that are not UTF-8 become U+FFFD. */
export function readUtf8(parts: readonly Uint8Array[]): string {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  // Otherwise the decoder would take a byte order mark at the beginning away.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
