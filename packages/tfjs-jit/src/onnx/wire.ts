/**
 * Writes Protocol Buffers' wire format: varints, 32-bit floats and length-delimited fields.
 * Source: https://protobuf.dev/programming-guides/encoding/. Not a general library: only what ONNX models need.
 */
export class WireWriter {
  private buffer = new Uint8Array(256);
  private length = 0;

  /** A field of type int32, int64, uint64, bool or enum. `value` is a whole number of magnitude below 2^53. */
  varint(field: number, value: number): this {
    this.tag(field, 0);
    return this.rawVarint(value);
  }

  float(field: number, value: number): this {
    this.tag(field, 5);
    this.reserve(4);
    new DataView(this.buffer.buffer).setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, 2);
    this.rawVarint(value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
    return this;
  }

  /** The head of a field whose `length` bytes are written elsewhere, behind it. */
  head(field: number, length: number): this {
    this.tag(field, 2);
    return this.rawVarint(length);
  }

  /** An embedded message. */
  message(field: number, write: (writer: WireWriter) => void): this {
    const inner = new WireWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }

  private tag(field: number, wireType: number): void {
    this.rawVarint(field * 8 + wireType);
  }

  private rawVarint(value: number): this {
    this.reserve(10);
    // Negative numbers take ten bytes: two's complement of 64 bits.
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.buffer[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
    return this;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }
}
