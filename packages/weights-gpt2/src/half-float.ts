/**
 * 16-bit floats to and from float32: IEEE binary16 (F16) and bfloat16 (BF16). Reading F16 goes through a table of all
 * 65,536 values; writing rounds to nearest, ties to even, as PyTorch and numpy do. Signs, infinities and NaN survive.
 */
let binary16Values: Float32Array | undefined;

/** float32 value of every binary16 bit pattern; 256 KiB, built on first use. */
export function binary16Table(): Float32Array {
  if (binary16Values !== undefined) return binary16Values;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  binary16Values = table;
  return table;
}

export function decodeBinary16(from: Uint16Array, to: Float32Array): void {
  const table = binary16Table();
  for (let i = 0; i < from.length; i++) to[i] = table[from[i]!]!;
}

export function decodeBfloat16(from: Uint16Array, to: Float32Array): void {
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
  for (let i = 0; i < from.length; i++) bits[i] = from[i]! << 16;
}

export function encodeBinary16(from: Float32Array, to: Uint16Array): void {
  const bits = new Uint32Array(from.buffer, from.byteOffset, from.length);
  for (let i = 0; i < from.length; i++) to[i] = binary16Bits(bits[i]!);
}

function binary16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: drop 13 bits of fraction; adding just under half plus the kept lowest bit rounds ties to even.
    const rounded = magnitude + 0x0fff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Subnormal: units of 2^-24. Below half a unit everything is zero.
  if (magnitude < 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const dropped = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = dropped > half || (dropped === half && (kept & 1) === 1) ? 1 : 0;
  return sign | (kept + up);
}

export function encodeBfloat16(from: Float32Array, to: Uint16Array): void {
  const bits = new Uint32Array(from.buffer, from.byteOffset, from.length);
  for (let i = 0; i < from.length; i++) {
    const value = bits[i]!;
    const notANumber = (value & 0x7fffffff) > 0x7f800000;
    to[i] = notANumber ? (value >>> 16) | 0x0040 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
}
