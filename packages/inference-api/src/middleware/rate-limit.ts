/**
 * A limit on messages a minute for each client, by the generic cell rate algorithm (ITU-T I.371): one number a client,
 * no windows. Own code because a request of 256 messages must count as 256, which limiters of requests cannot do.
 */

export interface RateLimitOptions {
  readonly perMinute: number;
  /** Messages that may come at once. */
  readonly burst: number;
  /** Clients remembered; beyond it the one longest silent is forgotten. */
  readonly maxClients?: number;
  readonly now?: () => number;
}

export type RateDecision =
  | { readonly allowed: true; readonly remaining: number }
  | { readonly allowed: false; readonly retryAfterSeconds: number };

export class RateLimiter {
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #maxClients: number;
  readonly #now: () => number;
  /** When each client's allowance is full again, milliseconds; in order of last use. */
  readonly #fullAt = new Map<string, number>();

  constructor(options: RateLimitOptions) {
    this.#intervalMs = 60_000 / options.perMinute;
    this.#burst = options.burst;
    this.#maxClients = options.maxClients ?? 100_000;
    this.#now = options.now ?? Date.now;
  }

  /** Messages that may come at once. */
  get burst(): number {
    return this.#burst;
  }

  get clients(): number {
    return this.#fullAt.size;
  }

  /** Takes `messages` from a client's allowance, all or none. More than the burst can never pass at once. */
  take(client: string, messages: number): RateDecision {
    const now = this.#now();
    const fullAt = Math.max(now, this.#fullAt.get(client) ?? 0);
    const next = fullAt + messages * this.#intervalMs;
    const excessMs = next - now - this.#burst * this.#intervalMs;
    // Sums of fractions of a millisecond: a whole burst must not fail by a rounding error.
    if (excessMs > 1e-6)
      return { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(excessMs / 1000)) };
    this.#fullAt.delete(client);
    this.#fullAt.set(client, next);
    const [oldest] = this.#fullAt.keys();
    if (this.#fullAt.size > this.#maxClients && oldest !== undefined) this.#fullAt.delete(oldest);
    return { allowed: true, remaining: Math.floor(-excessMs / this.#intervalMs + 1e-6) };
  }
}

/** The client that an address stands for: IPv6 by its /64, since one household has 2^64 addresses. */
export function clientOfAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail = ""] = address.split("%")[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === "" ? [] : tail.split(":");
  const zeros = address.includes("::")
    ? new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0")
    : [];
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}
