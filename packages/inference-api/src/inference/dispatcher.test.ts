import { describe, expect, it } from "vitest";
import { WorkerError } from "../errors.js";
import { fakeDetection } from "../testing/fake-detector.js";
import { Dispatcher, type DispatchOptions, type Runner } from "./dispatcher.js";
import type { BatchResult } from "./protocol.js";

const info = {
  name: "fake",
  sha256: "0123456789abcdef",
  parameters: 1,
  maxLength: 64,
  threshold: 0.5,
  temperature: 1,
  engine: "fake",
};

/** A worker whose batches the test settles by hand. */
class HandWorker implements Runner {
  readonly batches: { texts: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  busy = false;

  run(texts: readonly string[]): Promise<BatchResult> {
    this.busy = true;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => () => {
        this.busy = false;
        settle();
      };
      const detections = texts.map((text) => fakeDetection("fake", text));
      this.batches.push({
        texts,
        answer: finish(() => resolve({ detections, timings: { totalMs: 1 }, info })),
        fail: (error) => finish(() => reject(error))(),
      });
    });
  }
}

function setup(options: Partial<DispatchOptions> = {}, count = 1) {
  const workers = Array.from({ length: count }, () => new HandWorker());
  const retries: string[] = [];
  const pool = {
    info,
    idle: () => workers.filter((worker) => !worker.busy),
    answered: () => {},
    state: { ready: count },
  };
  const dispatcher = new Dispatcher<HandWorker>(pool, {
    limits: { capacity: 4, maxCharacters: 1000, maxBatchSize: 8, maxBatchTokens: 512 },
    deadlineMs: 60_000,
    maxWaitMs: 0,
    retries: 2,
    events: { onQueued: () => {}, onBatch: () => {}, onRetry: (code) => retries.push(code) },
    ...options,
  });
  return { dispatcher, workers, worker: workers[0]!, retries };
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe("Dispatcher", () => {
  it("runs together what comes in one turn of the event loop, and what comes during a batch in the next", async () => {
    const { dispatcher, worker } = setup();
    const first = [dispatcher.submit(["a"]), dispatcher.submit(["b"])];
    await turn();
    const second = [dispatcher.submit(["c"]), dispatcher.submit(["d"])];
    await turn();
    expect(worker.batches.map((batch) => batch.texts)).toEqual([["a", "b"]]);
    worker.batches[0]!.answer();
    await Promise.all(first.map((job) => job.result));
    await turn();
    expect(worker.batches[1]!.texts).toEqual(["c", "d"]);
    worker.batches[1]!.answer();
    const [scored] = await second[1]!.result;
    expect(scored!.detection).toEqual(fakeDetection("fake", "d"));
    expect(scored!.model).toBe("fake@0123456789ab");
  });

  it("answers a request's messages in its order, whatever batches they ran in", async () => {
    const limits = { capacity: 10, maxCharacters: 1000, maxBatchSize: 2, maxBatchTokens: 512 };
    const { dispatcher, worker } = setup({ limits });
    const texts = ["one", "a much longer text than the others", "three"];
    const job = dispatcher.submit(texts);
    await turn();
    worker.batches[0]!.answer();
    await turn();
    worker.batches[1]!.answer();
    const scores = (await job.result).map(({ detection }) => detection.score);
    expect(scores).toEqual(texts.map((text) => fakeDetection("fake", text).score));
  });

  it("refuses with QUEUE_FULL and a Retry-After what does not fit, all or nothing", async () => {
    const { dispatcher } = setup();
    dispatcher.submit(["1", "2", "3"]);
    expect(() => dispatcher.submit(["4", "5"])).toThrow(
      expect.objectContaining({ code: "QUEUE_FULL", extras: { retryAfter: 1 } }),
    );
    expect(dispatcher.depth).toBe(3);
    dispatcher.submit(["4"]);
  });

  it("frees the places of a client that left, and never runs what only it wanted", async () => {
    const { dispatcher, worker } = setup();
    dispatcher.submit(["running"]);
    await turn();
    const job = dispatcher.submit(["left", "left too"]);
    expect(dispatcher.depth).toBe(2);
    job.cancel();
    expect(dispatcher.depth).toBe(0);
    worker.batches[0]!.answer();
    await turn();
    expect(worker.batches).toHaveLength(1);
  });

  it("retries each message of a failed batch alone, and fails only the one that keeps failing", async () => {
    const { dispatcher, worker, retries } = setup();
    const good = dispatcher.submit(["good"]);
    const bad = dispatcher.submit(["bad"]);
    bad.result.catch(() => {});
    await turn();
    const died = () => new WorkerError("WORKER_DIED", "died");
    worker.batches[0]!.fail(died());
    await turn();
    expect(worker.batches[1]!.texts).toEqual(["good"]);
    worker.batches[1]!.answer();
    expect((await good.result)[0]!.detection.score).toBe(fakeDetection("fake", "good").score);
    for (const attempt of [2, 3, 4]) {
      await turn();
      expect(worker.batches[attempt]!.texts).toEqual(["bad"]);
      worker.batches[attempt]!.fail(died());
    }
    await expect(bad.result).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
    expect(retries).toEqual(new Array(4).fill("WORKER_DIED"));
    await turn();
    expect(worker.batches).toHaveLength(5);
  });

  it("treats a batch with the wrong number of answers as failed", async () => {
    const { dispatcher, worker, retries } = setup({ retries: 0 });
    const job = dispatcher.submit(["a"]);
    job.result.catch(() => {});
    await turn();
    const run = worker.batches[0]!;
    worker.run = () => Promise.resolve({ detections: [], timings: { totalMs: 0 }, info });
    run.fail(new WorkerError("DETECT_FAILED", "x"));
    await expect(job.result).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
    expect(retries).toEqual(["DETECT_FAILED", "UNKNOWN"]);
  });

  it("gives up at the deadline, and says so when no worker runs at all", async () => {
    const late = setup({ deadlineMs: 10 });
    await expect(late.dispatcher.submit(["slow"]).result).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
    const none = new Dispatcher<HandWorker>(
      { info, idle: () => [], answered: () => {}, state: { ready: 0 } },
      {
        limits: { capacity: 4, maxCharacters: 1000, maxBatchSize: 8, maxBatchTokens: 512 },
        deadlineMs: 10,
        maxWaitMs: 0,
        retries: 2,
        events: { onQueued: () => {}, onBatch: () => {}, onRetry: () => {} },
      },
    );
    await expect(none.submit(["x"]).result).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE" });
    expect(none.depth).toBe(0);
  });

  it("lets an idle worker wait for company where asked, but not beyond the limit", async () => {
    let clock = 0;
    const { dispatcher, worker } = setup({ maxWaitMs: 1000, now: () => clock });
    dispatcher.submit(["a"]);
    await turn();
    expect(worker.batches).toHaveLength(0);
    clock = 1000;
    dispatcher.submit(["b"]);
    await turn();
    expect(worker.batches.map((batch) => batch.texts)).toEqual([["a", "b"]]);
  });

  it("drains when the last job is answered, and abort answers what is left", async () => {
    const { dispatcher } = setup();
    await dispatcher.drained();
    const job = dispatcher.submit(["a"]);
    job.result.catch(() => {});
    const drained = dispatcher.drained();
    const { ApiError } = await import("../errors.js");
    dispatcher.abort(new ApiError("SHUTTING_DOWN", "over"));
    await drained;
    await expect(job.result).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  });
});
