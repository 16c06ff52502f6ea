/** The pages: / to try the server, /docs, /redoc and what they load. Everything is served from here: it works offline. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { RequestHandler } from "express";
import swaggerUi from "swagger-ui-express";
import { ApiError } from "../errors.js";
import type { OpenApiDocument } from "../openapi.js";

const PAGE_FOLDER = new URL("../../page/", import.meta.url);

/** A small file of the page, read once. */
export function pageFile(name: string, type: string): RequestHandler {
  const content = readFileSync(new URL(name, PAGE_FOLDER));
  return (_request, response) => {
    response.writeHead(200, {
      "Content-Type": `${type}; charset=utf-8`,
      "Cache-Control": "no-cache",
      "Content-Length": content.length,
    });
    response.end(content);
  };
}

/**
 * The files of Swagger UI. Only the files: the page that swagger-ui-express makes has paths relative to /docs/ and
 * inline script, so ours is page/swagger.html.
 */
export function swaggerAssets(): RequestHandler[] {
  const known: RequestHandler = (request, _response, next) => {
    // The package has a page of its own too, for another API.
    if (request.path === "/swagger-ui.css" || request.path === "/swagger-ui-bundle.js") next();
    else next(new ApiError("NOT_FOUND", "there is no such route"));
  };
  return [known, ...swaggerUi.serveFiles(undefined, {})];
}

export function openApiRoute(document: OpenApiDocument): RequestHandler {
  const body = Buffer.from(JSON.stringify(document));
  return (_request, response) => {
    response.writeHead(200, {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": body.length,
    });
    response.end(body);
  };
}

/** ReDoc's bundle: copied into vendor/ when the package is built for shipping, from node_modules in the workspace. */
export function redocBundlePath(): string {
  try {
    return createRequire(import.meta.url).resolve("redoc/bundles/redoc.standalone.js");
  } catch {
    return fileURLToPath(new URL("../../vendor/redoc.standalone.js", import.meta.url));
  }
}

export function redocBundleRoute(): RequestHandler {
  const path = redocBundlePath();
  return (_request, response, next) => {
    response.sendFile(path, { maxAge: "1d" }, (error: unknown) => {
      if (error !== undefined && !response.headersSent) {
        next(new ApiError("NOT_FOUND", "the ReDoc bundle is not installed; /docs shows the same document"));
      }
    });
  };
}
