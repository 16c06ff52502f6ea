const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A field's bytes as text; undefined where they are not UTF-8. */
export function decodeField(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
