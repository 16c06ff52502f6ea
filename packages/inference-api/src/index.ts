export { type AppDeps, createApp } from "./app.js";
export {
  configFromEnvironment,
  flagTable,
  parseConfig,
  printableConfig,
  type ServeConfig,
  type ServeConfigKey,
} from "./config.js";
export { readConfig, serveHelp } from "./config-sources.js";
export { ApiError, type ApiErrorCode, type FieldError, ServeError, type ServeErrorCode } from "./errors.js";
export { createOpenApiDocument, type OpenApiDocument } from "./openapi.js";
export { ERROR_TABLE, type Problem } from "./problem.js";
export { runServe } from "./run-serve.js";
export type {
  BatchRequest,
  BatchResponse,
  DetectRequest,
  DetectResponse,
  HealthResponse,
} from "./schemas.js";
export { type RunningServer, type ServeOptions, serve, startServer } from "./serve.js";
export { startLines } from "./start-lines.js";
