/** Writes a file from pieces, none of which is copied or joined. */
import { open } from "node:fs/promises";

export async function writePieces(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "w");
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}
