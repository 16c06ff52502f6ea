/** helmet with one policy for the API and its own page, and one for the documentation viewers, which style inline. */
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
  return helmet({ ...shared, contentSecurityPolicy: { useDefaults: false, directives: strict } });
}

export function viewerHeaders(): RequestHandler {
  const directives = {
    ...strict,
    styleSrc: ["'self'", "'unsafe-inline'"],
    fontSrc: ["'self'", "data:"],
    workerSrc: ["'self'", "blob:"],
  };
  return helmet({ ...shared, contentSecurityPolicy: { useDefaults: false, directives } });
}
