/**
 * A local web server for the tests of the downloader: serves files properly, with ranges and validators, unless it was told
 * to misbehave for the next requests of a path. It remembers what it was asked.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Misbehaviour =
  /** Sends this many bytes of what was asked for and cuts the connection. */
  | { readonly kind: "cut"; readonly after: number }
  /** Sends this many bytes and then nothing, with the connection open. */
  | { readonly kind: "stall"; readonly after: number }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string> }
  /** Sends the right number of wrong bytes. */
  | { readonly kind: "wrong-bytes" }
  | { readonly kind: "claim-length"; readonly length: number }
  /** Sends more than the file, without saying how much. */
  | { readonly kind: "endless" }
  | { readonly kind: "ignore-range" }
  | { readonly kind: "wrong-range" }
  | { readonly kind: "headers"; readonly headers: Record<string, string> };

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface ServedFile {
  bytes: Uint8Array;
  /** null: the server sends no validator. */
  etag: string | null;
}

export interface MisbehavingServer {
  readonly url: string;
  readonly files: Map<string, ServedFile>;
  /** path -> what to do with its next requests, the first first. */
  readonly plans: Map<string, Misbehaviour[]>;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

export async function startServer(): Promise<MisbehavingServer> {
  const files = new Map<string, ServedFile>();
  const plans = new Map<string, Misbehaviour[]>();
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    seen.push({ path, headers: request.headers });
    const file = files.get(path);
    const misbehaviour = plans.get(path)?.shift();
    if (file === undefined && misbehaviour === undefined) response.writeHead(404).end();
    else serve(response, request.headers, file ?? { bytes: new Uint8Array(0), etag: null }, misbehaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    files,
    plans,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function serve(
  response: ServerResponse,
  request: IncomingHttpHeaders,
  file: ServedFile,
  misbehaviour: Misbehaviour | undefined,
): void {
  if (misbehaviour?.kind === "status") {
    response.writeHead(misbehaviour.status, misbehaviour.headers).end("not the file");
    return;
  }
  const headers: Record<string, string> = { "accept-ranges": "bytes" };
  if (file.etag !== null) headers.etag = file.etag;
  if (misbehaviour?.kind === "headers") Object.assign(headers, misbehaviour.headers);
  const asked = /^bytes=(\d+)-$/.exec(request.range ?? "");
  const honoured =
    asked !== null && misbehaviour?.kind !== "ignore-range" && request["if-range"] === file.etag;
  let from = honoured ? Number(asked[1]) : 0;
  if (honoured && from >= file.bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${file.bytes.length}` }).end();
    return;
  }
  if (honoured && misbehaviour?.kind === "wrong-range") from = Math.max(0, from - 1);
  let body = Buffer.from(file.bytes.subarray(from));
  if (honoured) headers["content-range"] = `bytes ${from}-${file.bytes.length - 1}/${file.bytes.length}`;
  if (misbehaviour?.kind === "wrong-bytes") body = Buffer.from(body.map((byte) => byte ^ 0xff));
  if (misbehaviour?.kind === "endless") {
    response.writeHead(honoured ? 206 : 200, headers);
    response.write(body);
    response.end(Buffer.alloc(1000));
    return;
  }
  headers["content-length"] = String(
    misbehaviour?.kind === "claim-length" ? misbehaviour.length : body.length,
  );
  response.writeHead(honoured ? 206 : 200, headers);
  if (misbehaviour?.kind === "cut" || misbehaviour?.kind === "stall") {
    response.write(body.subarray(0, misbehaviour.after));
    // Destroyed only once the bytes have left, so that the client really gets them.
    if (misbehaviour.kind === "cut") setTimeout(() => response.destroy(), 30);
    return;
  }
  if (misbehaviour?.kind === "claim-length" && misbehaviour.length > body.length) {
    response.write(body);
    setTimeout(() => response.destroy(), 30);
    return;
  }
  response.end(misbehaviour?.kind === "claim-length" ? body.subarray(0, misbehaviour.length) : body);
}
