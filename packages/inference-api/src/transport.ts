/**
 * The HTTP server under the app: bounds on time, size and connections, and answers to what is not HTTP.
 * Faults found before Express sees a request are answered here, from the same error table.
 */
import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Express } from "express";
import type { ServeConfig } from "./config.js";
import { ApiError } from "./errors.js";
import type { Metrics } from "./metrics.js";
import { newRequestId } from "./middleware/request-id.js";
import { ERROR_TABLE, problemHeaders, problemOf } from "./problem.js";

type TransportConfig = Pick<
  ServeConfig,
  "headersTimeoutMs" | "requestTimeoutMs" | "keepAliveTimeoutMs" | "maxConnections" | "maxHeaderBytes"
>;

/** Requests that never reached a route. */
export const MALFORMED_ROUTE = "(malformed)";

export function createHttpServer(
  app: Express,
  config: TransportConfig,
  metrics: Pick<Metrics, "countRequest">,
): Server {
  const server = createServer(
    {
      headersTimeout: Math.min(config.headersTimeoutMs, config.requestTimeoutMs),
      requestTimeout: config.requestTimeoutMs,
      keepAliveTimeout: config.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, config.headersTimeoutMs),
      maxHeaderSize: config.maxHeaderBytes,
      requireHostHeader: true,
      insecureHTTPParser: false,
      ...classesFor(app),
    },
    app,
  );
  server.maxConnections = config.maxConnections;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    metrics.countRequest(MALFORMED_ROUTE, String(ERROR_TABLE[transportError(error).code].status), 0);
    answerRaw(socket, transportError(error));
  });
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    metrics.countRequest(MALFORMED_ROUTE, "417", 0);
    answer(response, new ApiError("EXPECTATION_FAILED", "expected no Expect header but 100-continue"));
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    metrics.countRequest(MALFORMED_ROUTE, "405", 0);
    answerRaw(socket, new ApiError("METHOD_NOT_ALLOWED", "this is no proxy", { allow: "GET, HEAD, POST" }));
  });
  return server;
}

/**
 * Express gives every request and response the app's prototypes. Objects of these classes have them from the start, so
 * that V8 keeps the shapes that its compiled code is made for.
 */
function classesFor(app: Express): Pick<ServerOptions, "IncomingMessage" | "ServerResponse"> {
  class AppRequest extends IncomingMessage {}
  class AppResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request);
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response);
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}

function transportError(error: NodeJS.ErrnoException): ApiError {
  if (error.code === "HPE_HEADER_OVERFLOW")
    return new ApiError("HEADERS_TOO_LARGE", "expected smaller headers");
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new ApiError("REQUEST_TIMEOUT", "the request did not arrive in time");
  }
  return new ApiError("BAD_REQUEST", "expected a valid HTTP/1.1 request");
}

function answer(response: ServerResponse, error: ApiError): void {
  const requestId = newRequestId();
  const body = JSON.stringify(problemOf(error, requestId));
  const headers = { ...problemHeaders(error), "X-Request-Id": requestId, Connection: "close" };
  response.writeHead(ERROR_TABLE[error.code].status, {
    ...headers,
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** Writes a whole answer to a connection that has no request, then closes it. */
function answerRaw(socket: Duplex | Socket, error: ApiError): void {
  // The peer is gone, or an answer of ours is half written: a second one would be read as part of it.
  if (!socket.writable || Reflect.get(socket, "_httpMessage")?.headersSent === true) {
    socket.destroy();
    return;
  }
  const requestId = newRequestId();
  const body = JSON.stringify(problemOf(error, requestId));
  const { status, title } = ERROR_TABLE[error.code];
  const headers = {
    ...problemHeaders(error),
    "X-Request-Id": requestId,
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
  // An attacker who never reads must not keep the socket.
  setTimeout(() => socket.destroy(), 1000).unref();
}
