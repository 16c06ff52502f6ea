/** Speed and time left of a download, smoothed, reported a few times a second. Pure but for the clock passed in. */
import type { Clock } from "./clock.js";

export interface TransferProgress {
  readonly receivedBytes: number;
  readonly totalBytes: number | undefined;
  /** Smoothed over the last seconds; 0 until it is known. */
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | undefined;
}

const REPORT_INTERVAL_MS = 200;
/** After this long, an old speed counts 1/e. */
const SMOOTHING_MS = 5000;

export function progressMeter(
  clock: Pick<Clock, "now">,
  report: (progress: TransferProgress) => void,
): (received: number, total: number | undefined) => void {
  let last: { at: number; received: number } | undefined;
  let speed: number | undefined;
  return (received, total) => {
    const now = clock.now();
    if (last === undefined || received < last.received) last = { at: now, received };
    const elapsed = now - last.at;
    const isEnd = total !== undefined && received === total;
    if (elapsed < REPORT_INTERVAL_MS && !isEnd) return;
    if (elapsed > 0) {
      const current = ((received - last.received) / elapsed) * 1000;
      const weight = Math.exp(-elapsed / SMOOTHING_MS);
      speed = speed === undefined ? current : speed * weight + current * (1 - weight);
    }
    last = { at: now, received };
    const bytesPerSecond = speed ?? 0;
    const secondsLeft =
      total === undefined || bytesPerSecond === 0 ? undefined : (total - received) / bytesPerSecond;
    report({ receivedBytes: received, totalBytes: total, bytesPerSecond, secondsLeft });
  };
}

/** 548 MB, 6.43 GB, 665 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  const exponent = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** exponent;
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${units[exponent - 1]}`;
}
