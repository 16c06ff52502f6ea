import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c, maskCrc } from "./crc32c.js";

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe("crc32c", () => {
  // RFC 3720, appendix B.4.
  it.each([
    ["123456789", Buffer.from("123456789"), 0xe3069283],
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["counting up", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["nothing", new Uint8Array(0), 0],
  ])("has the published value of %s", (_what, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it("equals the definition for any bytes, in one piece or two", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const expected = slowCrc32c(bytes);
        expect(crc32c(bytes)).toBe(expected);
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(expected);
      }),
    );
  });

  it("is masked by a rotation and a constant", () => {
    expect(maskCrc(0)).toBe(0xa282ead8);
    expect(maskCrc(0x80000000)).toBe((0x10000 + 0xa282ead8) >>> 0);
  });
});
