/**
 * A cursor over untrusted bytes: fixed integers, varints and length-prefixed slices as LevelDB and protocol buffers write
 * them. It never reads past its end; running out is an error with a reason, not an undefined.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new Error("it ends in the middle of a value");
    this.#at++;
    return value;
  }

  /** A slice of the same memory. */
  slice(length: number): Uint8Array {
    if (length > this.remaining) throw new Error("a length in it points past its end");
    const slice = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return slice;
  }

  fixed32(): number {
    const bytes = this.slice(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }

  /** An unsigned varint that must be a safe integer: lengths, offsets, field tags, sizes. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new Error("a number in it is larger than 2^53");
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new Error("a number in it does not end");
  }

  /** Passes over a varint of any size, such as the ten bytes of a negative one. */
  skipVarint(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return;
    throw new Error("a number in it does not end");
  }
}

export interface ProtoField {
  readonly number: number;
  /** Wire types 0 and 5 give a number (undefined for a varint above 2^53), 2 the bytes; 1 is passed over. */
  readonly value: number | Uint8Array | undefined;
}

/** The fields of one protocol-buffer message, in order. Source: protobuf.dev/programming-guides/encoding. */
export function* protoFields(bytes: Uint8Array): Generator<ProtoField> {
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: reader.varint() };
        break;
      case 1:
        reader.slice(8);
        yield { number, value: undefined };
        break;
      case 2:
        yield { number, value: reader.slice(reader.varint()) };
        break;
      case 5:
        yield { number, value: reader.fixed32() };
        break;
      default:
        throw new Error(`it uses wire type ${tag % 8}, which no checkpoint has`);
    }
  }
}
