/**
 * A file that is being downloaded: `NAME.part` with the bytes so far and `NAME.part.json` with what is needed to go on after
 * any interruption. Hashes while it writes, and what an earlier process left, when it opens.
 */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";

const partState = z.object({
  url: z.string(),
  /** For If-Range; bytes are continued only under the validator they came with. */
  validator: z.string(),
  totalBytes: z.number().optional(),
});
export type PartState = z.infer<typeof partState>;

const CHUNK_BYTES = 2 ** 20;

export class PartFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #hash: Hash;
  #position: number;
  #state: PartState | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    hash: Hash,
    position: number,
    state: PartState | undefined,
  ) {
    this.#path = path;
    this.#file = file;
    this.#hash = hash;
    this.#position = position;
    this.#state = state;
  }

  /** @param path - of the finished file; what was begun for another address is discarded */
  static async open(path: string, url: string): Promise<PartFile> {
    const file = await open(`${path}.part`, "a+");
    try {
      const state = await readState(path);
      const part = new PartFile(path, file, createHash("sha256"), 0, state);
      if (state === undefined || state.url !== url) await part.restart();
      else await part.#hashExisting();
      return part;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get position(): number {
    return this.#position;
  }

  get state(): PartState | undefined {
    return this.#state;
  }

  async #hashExisting(): Promise<void> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, CHUNK_BYTES, this.#position);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#position += bytesRead;
    }
  }

  /** Throws the bytes away; the next ones begin the file. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    await rm(`${this.#path}.part.json`, { force: true });
    this.#hash = createHash("sha256");
    this.#position = 0;
    this.#state = undefined;
  }

  async setState(state: PartState): Promise<void> {
    this.#state = state;
    await writeFile(`${this.#path}.part.json`, JSON.stringify(state));
  }

  async append(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.byteLength) {
      // Opened for appending: the position is the file's end.
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done);
      done += bytesWritten;
    }
    this.#hash.update(bytes);
    this.#position += bytes.byteLength;
  }

  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Git's object id of what is there; for small files, which are read again. */
  async gitBlob(): Promise<string> {
    const bytes = await readFile(`${this.#path}.part`);
    return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
  }

  /** Flushes and gives the file its name. */
  async finish(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(`${this.#path}.part`, this.#path);
    await rm(`${this.#path}.part.json`, { force: true });
  }

  /** Leaves what is there for the next time. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readState(path: string): Promise<PartState | undefined> {
  try {
    const parsed = partState.safeParse(JSON.parse(await readFile(`${path}.part.json`, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
