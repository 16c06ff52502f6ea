/** What a person at a terminal reads when the server is up; logs of machines have the same as JSON. Pure. */
import type { ServeConfig } from "./config.js";

/** @returns lines with a newline each, without secrets */
export function startLines(url: string, model: string, config: ServeConfig): string {
  const keys = config.apiKeys.length === 0 ? "no API key needed" : `${config.apiKeys.length} API keys`;
  const rate =
    config.rateLimitPerMinute === 0 ? "no rate limit" : `${config.rateLimitPerMinute} messages a minute each`;
  return [
    `Serving ${model} at ${url}`,
    `Documentation  ${url}/docs`,
    `Workers        ${config.workers} with ${config.threads} threads each, ${config.precision}`,
    `Limits         ${config.maxBodyBytes} bytes a request, ${config.queueCapacity} messages waiting, ${config.deadlineMs} ms to an answer; ${rate}; ${keys}`,
    "Ctrl-C stops it.",
    "",
  ].join("\n");
}
