import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientOfAddress, RateLimiter } from "./rate-limit.js";

describe("RateLimiter", () => {
  it("lets a burst pass, then as many as a minute allows", () => {
    let now = 0;
    const limiter = new RateLimiter({ perMinute: 60, burst: 3, now: () => now });
    expect(limiter.take("a", 2)).toEqual({ allowed: true, remaining: 1 });
    expect(limiter.take("a", 2)).toEqual({ allowed: false, retryAfterSeconds: 1 });
    expect(limiter.take("a", 1)).toEqual({ allowed: true, remaining: 0 });
    expect(limiter.take("b", 3)).toEqual({ allowed: true, remaining: 0 });
    now = 2000;
    expect(limiter.take("a", 2)).toEqual({ allowed: true, remaining: 0 });
  });

  it("never allows more than burst plus rate in any span, whatever is asked", () => {
    const asks = fc.array(fc.record({ waitMs: fc.nat(20_000), messages: fc.integer({ min: 1, max: 10 }) }));
    fc.assert(
      fc.property(asks, (list) => {
        let now = 0;
        let passed = 0;
        const limiter = new RateLimiter({ perMinute: 30, burst: 5, now: () => now });
        for (const { waitMs, messages } of list) {
          now += waitMs;
          if (limiter.take("a", messages).allowed) passed += messages;
          expect(passed).toBeLessThanOrEqual(5 + (30 * now) / 60_000 + 1e-6);
        }
      }),
    );
  });

  it("lets a refused client pass after the wait it was told", () => {
    let now = 0;
    const limiter = new RateLimiter({ perMinute: 7, burst: 4, now: () => now });
    limiter.take("a", 4);
    const refused = limiter.take("a", 3);
    if (refused.allowed) throw new Error("expected a refusal");
    now += refused.retryAfterSeconds * 1000;
    expect(limiter.take("a", 3).allowed).toBe(true);
  });

  it("remembers a bounded number of clients", () => {
    const limiter = new RateLimiter({ perMinute: 1, burst: 1, maxClients: 10, now: () => 0 });
    for (let i = 0; i < 100; i++) limiter.take(`client ${i}`, 1);
    expect(limiter.clients).toBe(10);
  });
});

describe("clientOfAddress", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    [undefined, "unknown"],
  ])("%s counts as %s", (address, client) => {
    expect(clientOfAddress(address)).toBe(client);
  });
});
