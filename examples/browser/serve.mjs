// Serves the folder that build.mjs made, on this machine only:  node examples/browser/serve.mjs [folder] [port]
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const types = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** @returns the server, listening; port 0 takes any that is free */
export function serveFolder(folder, port) {
  const root = resolve(folder);
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const path = join(root, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    const found = path.startsWith(root + sep) ? await stat(path).catch(() => undefined) : undefined;
    if (!found?.isFile()) return response.writeHead(404).end();
    const type = types[extname(path)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": found.size });
    createReadStream(path).pipe(response);
  });
  return new Promise((done) => server.listen(port, "127.0.0.1", () => done(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = fileURLToPath(new URL("site", import.meta.url)), port = "8080"] = process.argv.slice(2);
  const server = await serveFolder(folder, Number(port));
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
}
