/**
 * Puts the parts together and runs them: workers, queue, HTTP, signals. `serve` is what btp-cli and main.ts call.
 * Ends by SIGTERM or SIGINT: unready at once, what is in flight is finished, then the ports and workers close.
 */

import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { DetectorInfo } from "@btp/detector";
import type { Logger } from "pino";
import { createAdminApp } from "./admin.js";
import { createApp } from "./app.js";
import { printableConfig, type ServeConfig } from "./config.js";
import { ApiError, ServeError } from "./errors.js";
import { Dispatcher } from "./inference/dispatcher.js";
import { Moderator } from "./inference/moderator.js";
import { Readiness } from "./inference/readiness.js";
import { WorkerPool } from "./inference/worker-pool.js";
import type { WorkerProcess } from "./inference/worker-process.js";
import { createLog } from "./log.js";
import { createMetrics } from "./metrics.js";
import { createHttpServer } from "./transport.js";

export interface ServeOptions {
  readonly config: ServeConfig;
  /** Default: JSON lines on stderr. */
  readonly log?: Logger;
  /** A person watches: the configuration and address are logged at level debug only, since the caller prints them. */
  readonly isInteractive?: boolean;
  /** URL of a module exporting `load(directory, options)`; default: @btp/detector's. */
  readonly detectorModule?: string;
}

export interface RunningServer {
  /** http://host:port */
  readonly url: string;
  /** Of the administrator's port, where one is configured. */
  readonly adminUrl: string | undefined;
  readonly info: DetectorInfo;
  /** Process ids of the workers, for tests that kill them. */
  workerPids(): number[];
  /** Swaps the model. @throws {ApiError} RELOAD_IN_PROGRESS, RELOAD_FAILED */
  reload(directory?: string): Promise<DetectorInfo>;
  /** Drains and ends everything; the same promise however often it is called. */
  close(): Promise<void>;
}

const DEFAULT_DETECTOR = new URL("../dist/inference/default-detector.js", import.meta.url).href;

/**
 * Starts the server; resolves when the model has answered and the port listens.
 * @throws {ServeError} MODEL_LOAD_FAILED, WORKER_START_FAILED or LISTEN_FAILED; nothing is left running then
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { config } = options;
  const log = options.log ?? createLog(config.logLevel);
  const metrics = createMetrics();
  let pump = (): void => {};
  const startLevel = options.isInteractive === true ? "debug" : "info";
  log[startLevel]({ config: printableConfig(config) }, "starting");
  const pool = await WorkerPool.start({
    setup: {
      directory: config.model,
      detectorModule: options.detectorModule ?? DEFAULT_DETECTOR,
      threads: config.threads,
      precision: config.precision,
      ...(config.engine === undefined ? {} : { engine: config.engine }),
    },
    workers: config.workers,
    limits: { startMs: config.workerStartMs, batchMs: config.workerBatchMs },
    events: {
      onIdle: () => pump(),
      onDeath: (event) => {
        metrics.countWorkerDeath();
        log.warn(event, "a worker ended and is restarted");
      },
      onStartFailed: ({ error, restartMs }) => log.error({ err: error, restartMs }, "a worker did not start"),
    },
  });
  const readiness = new Readiness<WorkerProcess>({
    intervalMs: config.probeIntervalMs,
    idle: () => pool.idle(),
    answered: (worker) => pool.answered(worker),
    onFree: () => pump(),
  });
  const dispatcher = new Dispatcher<WorkerProcess>(pool, {
    limits: {
      capacity: config.queueCapacity,
      maxCharacters: config.queueCharacters,
      maxBatchSize: config.batchSize,
      maxBatchTokens: config.batchTokens,
    },
    deadlineMs: config.deadlineMs,
    maxWaitMs: config.batchWaitMs,
    retries: config.retries,
    events: {
      onQueued: metrics.onQueued,
      onRetry: metrics.onRetry,
      onBatch: (batch) => {
        readiness.noteAnswer();
        metrics.onBatch(batch);
      },
    },
  });
  pump = () => dispatcher.pump();
  metrics.readUsing({ queueDepth: () => dispatcher.depth, workers: () => pool.state });

  const reload = async (directory?: string): Promise<DetectorInfo> => {
    try {
      const info = await pool.reload(directory);
      metrics.countReload(true);
      log.info({ model: info.name, sha256: info.sha256 }, "model reloaded");
      return info;
    } catch (error) {
      metrics.countReload(false);
      const cause = error instanceof ApiError ? error.extras.cause : error;
      log.error({ reason: cause instanceof Error ? cause.message : undefined }, "model not reloaded");
      throw error;
    }
  };

  const app = createApp({
    config,
    log,
    metrics,
    version: packageVersion(),
    moderator: new Moderator(dispatcher, {
      maxChunks: config.maxChunks,
      maxLength: () => pool.info.maxLength,
    }),
    health: {
      readiness,
      get info() {
        return pool.info;
      },
      get workers() {
        return pool.state;
      },
      get queueDepth() {
        return dispatcher.depth;
      },
    },
  });
  const server = createHttpServer(app, config, metrics);
  const admin =
    config.adminPort === undefined
      ? undefined
      : createHttpServer(createAdminApp({ reload, log }), config, metrics);
  try {
    await listen(server, config.port, config.host);
    if (admin !== undefined) await listen(admin, config.adminPort ?? 0, "127.0.0.1");
  } catch (error) {
    server.close();
    await pool.close();
    throw error;
  }
  readiness.start();

  const close = async (): Promise<void> => {
    readiness.drain();
    log.info({ inFlight: dispatcher.jobs }, "draining");
    if (config.drainDelayMs > 0) await sleep(config.drainDelayMs);
    admin?.close();
    admin?.closeAllConnections();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Connections become idle as their last answers are read; the clients' keep-alive must not hold the server up.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    await Promise.race([Promise.all([closed, dispatcher.drained()]), sleep(config.gracePeriodMs)]);
    dispatcher.abort(new ApiError("SHUTTING_DOWN", "the grace period is over"));
    readiness.stop();
    // One more turn of the loop, for those last answers to be written.
    await Promise.race([closed, sleep(100)]);
    clearInterval(sweep);
    server.closeAllConnections();
    await closed;
    await pool.close();
    log.info("stopped");
  };
  let closing: Promise<void> | undefined;
  const url = urlOf(server);
  log[startLevel]({ url, model: pool.info.name }, "listening");
  return {
    url,
    adminUrl: admin === undefined ? undefined : urlOf(admin),
    get info() {
      return pool.info;
    },
    workerPids: () => pool.pids,
    reload,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Runs a server until SIGTERM or SIGINT, and reloads its model on SIGHUP. A second signal ends the process at once.
 * @returns resolves when everything is closed, so that the process may end with 0
 */
export async function serve(
  options: ServeOptions,
  onListening?: (server: RunningServer) => void,
): Promise<void> {
  const server = await startServer(options);
  onListening?.(server);
  await new Promise<void>((resolve) => {
    let signals = 0;
    const stop = (): void => {
      signals += 1;
      if (signals > 1) process.exit(1);
      void server.close().then(resolve);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    // The failure is logged by reload itself; the old model serves on.
    process.on("SIGHUP", () => void server.reload().catch(() => {}));
  });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const taken = "code" in cause && cause.code === "EADDRINUSE";
      const reason = taken
        ? "the port is in use; stop what uses it or choose another with --port"
        : cause.message;
      reject(new ServeError("LISTEN_FAILED", `cannot listen on ${host}:${port}: ${reason}`, cause));
    });
    server.listen(port, host, resolve);
  });
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

function packageVersion(): string {
  const { version }: { version: string } = createRequire(import.meta.url)("../package.json");
  return version;
}
