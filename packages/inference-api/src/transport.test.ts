/** The server gives its requests and responses the prototypes that Express would set on each. */
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, it } from "vitest";
import { parseConfig } from "./config.js";
import { createMetrics } from "./metrics.js";
import { createHttpServer } from "./transport.js";

it("makes requests and responses as Express wants them, so that it changes no shapes", async () => {
  const app = express();
  app.get("/", (request, response) => void response.json({ ip: request.ip, path: request.path }));
  const server = createHttpServer(app, parseConfig({ model: "any" }), createMetrics());
  const asMade: unknown[] = [];
  server.prependListener("request", (request, response) => {
    asMade.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(await answer.json()).toEqual({ ip: "127.0.0.1", path: "/" });
  expect(asMade[0]).toBe(app.request);
  expect(asMade[1]).toBe(app.response);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
