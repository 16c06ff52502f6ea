/** Writing text to a stream no faster than it takes it: without waiting, a slow reader would make memory grow. */
import { once } from "node:events";

export async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (text !== "" && !stream.write(text)) await once(stream, "drain");
}
