/**
 * What the server counts, in Prometheus' terms. Every request is counted once, when its connection is done with it.
 * Labels have few values: routes are patterns, never URLs.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { DispatchEvents } from "./inference/dispatcher.js";

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const TOKENS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

export interface MetricSources {
  queueDepth(): number;
  workers(): { readonly ready: number; readonly busy: number; readonly total: number };
}

export interface Metrics extends DispatchEvents {
  readonly registry: Registry;
  /** @param outcome - the status code, or "client-left" */
  countRequest(route: string, outcome: string, seconds: number): void;
  countDecision(isCyberbullying: boolean, truncated: boolean): void;
  countWorkerDeath(): void;
  countReload(ok: boolean): void;
  readUsing(sources: MetricSources): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "btp_" });
  const requests = new Counter({
    name: "btp_requests_total",
    help: "Requests by route and outcome (status code or client-left)",
    labelNames: ["route", "outcome"] as const,
    registers,
  });
  const durations = new Histogram({
    name: "btp_request_duration_seconds",
    help: "From the request's headers to the end of its answer",
    labelNames: ["route"] as const,
    buckets: SECONDS,
    registers,
  });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, registers });
  const queued = histogram("btp_queue_duration_seconds", "Wait of a message for a worker", SECONDS);
  const tokenization = histogram("btp_tokenization_duration_seconds", "Tokenization of a batch", SECONDS);
  const inference = histogram(
    "btp_inference_duration_seconds",
    "Run of a batch, tokenization left out",
    SECONDS,
  );
  const batchSize = histogram("btp_batch_size", "Messages in a batch", SIZES);
  const batchTokens = histogram("btp_batch_tokens", "Tokens in a batch, without padding", TOKENS);
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const messages = counter("btp_messages_total", "Messages decided", ["label"]);
  const truncatedMessages = counter("btp_messages_truncated_total", "Messages longer than was read", []);
  const retries = counter("btp_batch_failures_total", "Batches that failed and were retried", ["reason"]);
  const deaths = counter("btp_worker_deaths_total", "Worker processes that ended unasked", []);
  const reloads = counter("btp_reloads_total", "Model reloads", ["outcome"]);

  return {
    registry,
    countRequest(route, outcome, seconds) {
      requests.inc({ route, outcome });
      durations.observe({ route }, seconds);
    },
    countDecision(isCyberbullying, truncated) {
      messages.inc({ label: isCyberbullying ? "cyberbullying" : "not cyberbullying" });
      if (truncated) truncatedMessages.inc();
    },
    countWorkerDeath: () => deaths.inc(),
    countReload: (ok) => reloads.inc({ outcome: ok ? "ok" : "failed" }),
    onQueued: (waitedMs) => queued.observe(waitedMs / 1000),
    onBatch({ size, tokens, result }) {
      const { totalMs, tokenizationMs } = result.timings;
      batchSize.observe(size);
      batchTokens.observe(tokens);
      inference.observe((totalMs - (tokenizationMs ?? 0)) / 1000);
      if (tokenizationMs !== undefined) tokenization.observe(tokenizationMs / 1000);
    },
    onRetry: (reason) => retries.inc({ reason }),
    readUsing(sources) {
      new Gauge({
        name: "btp_queue_depth",
        help: "Messages waiting",
        registers,
        collect() {
          this.set(sources.queueDepth());
        },
      });
      new Gauge({
        name: "btp_workers",
        help: "Worker processes by state",
        labelNames: ["state"] as const,
        registers,
        collect() {
          const { ready, busy, total } = sources.workers();
          this.set({ state: "idle" }, ready - busy);
          this.set({ state: "busy" }, busy);
          this.set({ state: "down" }, total - ready);
        },
      });
    },
  };
}
