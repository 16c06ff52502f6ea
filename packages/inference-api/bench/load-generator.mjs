// Closed-loop clients over bare sockets: each sends its next request when the last is answered. Made here because the
// clients share the server's cores: autocannon spends 0.25 ms of CPU on a request from a list, this about 0.04.
import { connect } from "node:net";

/** The bytes of one POST. */
export function postBytes(url, path, body) {
  const { host } = new URL(url);
  const text = JSON.stringify(body);
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

/**
 * @param requests - bytes, sent round robin
 * @returns {Promise<{perSecond: number, p50: number, p99: number, answered: number, bad: number}>} milliseconds;
 *   `bad` counts answers other than 200 and broken connections
 */
export async function generateLoad({ url, clients, seconds, requests }) {
  const latencies = [];
  let bad = 0;
  let next = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(Array.from({ length: clients }, () => runClient()));
  const elapsed = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return {
    perSecond: latencies.length / elapsed,
    p50: at(0.5),
    p99: at(0.99),
    answered: latencies.length,
    bad,
  };

  function runClient() {
    const { hostname, port } = new URL(url);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.setNoDelay(true);
      let received = "";
      let sentAt = 0;
      let isWaiting = false;
      const send = () => {
        if (performance.now() >= end) {
          socket.end();
          resolve();
          return;
        }
        sentAt = performance.now();
        isWaiting = true;
        socket.write(requests[next++ % requests.length]);
      };
      socket.on("connect", send);
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
        const headEnd = received.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
        if (received.length < headEnd + 4 + length) return;
        if (received.startsWith("HTTP/1.1 200")) latencies.push(performance.now() - sentAt);
        else bad += 1;
        received = "";
        isWaiting = false;
        send();
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        if (isWaiting) bad += 1;
        resolve();
      });
    });
  }
}
