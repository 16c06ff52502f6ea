/**
 * CRC-32C (Castagnoli), the checksum of TensorFlow's files, eight bytes at a time ("slicing by 8", Kounavis and Berry 2005),
 * and TensorFlow's masked form of it, which keeps a checksum stored inside checksummed data from weakening either.
 */
const POLYNOMIAL_REVERSED = 0x82f63b78;
const MASK_DELTA = 0xa282ead8;

let tables: Uint32Array | undefined;

/** Eight tables of 256; table k advances a byte over k further zero bytes. */
function slicingTables(): Uint32Array {
  if (tables !== undefined) return tables;
  const table = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL_REVERSED : value >>> 1;
    table[byte] = value;
  }
  for (let i = 256; i < table.length; i++) {
    const previous = table[i - 256]!;
    table[i] = (previous >>> 8) ^ table[previous & 0xff]!;
  }
  tables = table;
  return table;
}

/** Continues `crc` (0 to begin with) over `bytes`. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const table = slicingTables();
  let state = ~crc;
  let i = 0;
  const last = bytes.length - 7;
  for (; i < last; i += 8) {
    const low = state ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    state =
      table[1792 + (low & 0xff)]! ^
      table[1536 + ((low >>> 8) & 0xff)]! ^
      table[1280 + ((low >>> 16) & 0xff)]! ^
      table[1024 + (low >>> 24)]! ^
      table[768 + bytes[i + 4]!]! ^
      table[512 + bytes[i + 5]!]! ^
      table[256 + bytes[i + 6]!]! ^
      table[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) state = (state >>> 8) ^ table[(state ^ bytes[i]!) & 0xff]!;
  return ~state >>> 0;
}

/** Source: tensorflow/core/lib/hash/crc32c.h `Mask`: rotate right by 15 bits and add a constant. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
