/** Sends bytes to a port as they are, for requests that no HTTP client would make. */
import { connect } from "node:net";

export interface RawAnswer {
  /** Everything received. */
  readonly text: string;
  /** Status codes of all answers on the connection, in order. */
  readonly statuses: number[];
  /** True where the server closed the connection before `waitMs`. */
  readonly closed: boolean;
}

/** @param waitMs - how long to listen where the server keeps the connection open */
export function sendRaw(url: string, parts: readonly (string | Buffer)[], waitMs = 1000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString("latin1");
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
      resolve({ text, statuses, closed });
    };
    const timer = setTimeout(() => finish(false), waitMs);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => finish(true));
    socket.on("close", () => finish(true));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") finish(true);
      else reject(error);
    });
    socket.on("connect", () => {
      for (const part of parts) socket.write(part);
    });
  });
}

/** A POST to /detect as text. */
export function rawDetect(body: string, headers: readonly string[] = []): string {
  return [
    "POST /detect HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    "",
    body,
  ].join("\r\n");
}
