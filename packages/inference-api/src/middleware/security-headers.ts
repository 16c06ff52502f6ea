/** helmet with one policy for the API and its own page, and one for the documentation viewers, which style inline. */
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { RequestHandler } from "express";
import helmet from "helmet";

const SELF = ["'self'"];

const shared = {
  // Plain HTTP is what this server speaks; whoever ends TLS in front of it sets HSTS there.
  strictTransportSecurity: false,
  // Pages of other origins may read answers where CORS lets them.
  crossOriginResourcePolicy: { policy: "cross-origin" },
} as const;

const strict = {
  defaultSrc: ["'none'"],
  scriptSrc: SELF,
  styleSrc: SELF,
  imgSrc: ["'self'", "data:"],
  connectSrc: SELF,
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

export function securityHeaders(): RequestHandler {
  return fixed(helmet({ ...shared, contentSecurityPolicy: { useDefaults: false, directives: strict } }));
}

export function viewerHeaders(): RequestHandler {
  const directives = {
    ...strict,
    styleSrc: ["'self'", "'unsafe-inline'"],
    fontSrc: ["'self'", "data:"],
    workerSrc: ["'self'", "blob:"],
  };
  return fixed(helmet({ ...shared, contentSecurityPolicy: { useDefaults: false, directives } }));
}

/** Notes the headers that are set, with their names' capitals. */
class Notes extends ServerResponse {
  readonly headers: (readonly [name: string, value: string])[] = [];

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.headers.push([name, String(value)]);
    return this;
  }
}

/** helmet's policies are the same for every request, so it is asked once: a dozen middlewares a request cost more. */
function fixed(policy: ReturnType<typeof helmet>): RequestHandler {
  const request = new IncomingMessage(new Socket());
  const notes = new Notes(request);
  policy(request, notes, (error?: unknown) => {
    if (error !== undefined) throw error;
  });
  const { headers } = notes;
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}
