/** Time and chance as the downloader needs them, passed in so that tests wait for nothing. */
export interface Clock {
  /** Milliseconds from any fixed point. */
  now(): number;
  /** Rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const finish = (action: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        action();
      };
      const abort = (): void => finish(() => reject(signal?.reason));
      const timer = setTimeout(() => finish(resolve), milliseconds);
      signal?.addEventListener("abort", abort);
    }),
};
