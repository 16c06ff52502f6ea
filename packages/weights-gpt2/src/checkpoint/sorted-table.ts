/**
 * The `.index` file of a TensorFlow V2 checkpoint: a sorted string table in LevelDB's format, here read whole (it has
 * kilobytes, whatever the size of the model). Footer -> index block -> data blocks -> key and value pairs.
 * Source: https://github.com/google/leveldb/blob/main/doc/table_format.md and tensorflow/core/lib/io/{format,block}.cc.
 */
import { ByteReader } from "./byte-reader.js";
import { crc32c, maskCrc } from "./crc32c.js";

export interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

const FOOTER_BYTES = 48;
/** 0xdb4775248b80fb57, little-endian halves. */
const MAGIC_LOW = 0x8b80fb57;
const MAGIC_HIGH = 0xdb477524;
/** One byte of compression type and four of checksum follow each block. */
const TRAILER_BYTES = 5;
const NO_COMPRESSION = 0;
/** Checkpoints of the largest models have a few thousand variables. */
const MAX_ENTRIES = 1_000_000;
const MAX_KEY_BYTES = 4096;

/** @throws {Error} with a one-line reason, which the caller puts in its own coded error */
export function readSortedTable(file: Uint8Array): TableEntry[] {
  if (file.length < FOOTER_BYTES)
    throw new Error(`it has ${file.length} bytes, fewer than a footer's ${FOOTER_BYTES}`);
  const footer = file.subarray(file.length - FOOTER_BYTES);
  const view = new DataView(footer.buffer, footer.byteOffset, FOOTER_BYTES);
  if (view.getUint32(40, true) !== MAGIC_LOW || view.getUint32(44, true) !== MAGIC_HIGH) {
    throw new Error(
      "its last 8 bytes are not the magic number of a checkpoint index; it is cut short or something else",
    );
  }
  const handles = new ByteReader(footer.subarray(0, 40));
  readHandle(handles);
  const indexBlock = readBlock(file, readHandle(handles));
  const entries: TableEntry[] = [];
  let previous: Uint8Array = new Uint8Array(0);
  let previousBlockEnd = 0;
  for (const { value } of blockEntries(indexBlock)) {
    const handle = readHandle(new ByteReader(value));
    // Blocks are written one after the other; anything else would let a small file repeat a block without bound.
    if (handle.offset < previousBlockEnd) throw new Error("two of its blocks overlap");
    previousBlockEnd = handle.offset + handle.size + TRAILER_BYTES;
    for (const entry of blockEntries(readBlock(file, handle))) {
      if (entries.length > 0 && Buffer.compare(previous, entry.key) >= 0)
        throw new Error("its keys are not in order");
      if (entries.length >= MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
      previous = entry.key;
      entries.push({ key: decodeKey(entry.key), value: entry.value });
    }
  }
  return entries;
}

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() };
}

function readBlock(file: Uint8Array, { offset, size }: BlockHandle): Uint8Array {
  const end = offset + size + TRAILER_BYTES;
  if (end > file.length - FOOTER_BYTES) throw new Error("a block lies outside it");
  const view = new DataView(file.buffer, file.byteOffset + offset + size, TRAILER_BYTES);
  if (maskCrc(crc32c(file.subarray(offset, offset + size + 1))) !== view.getUint32(1, true)) {
    throw new Error("the checksum of a block is wrong: it is damaged");
  }
  if (view.getUint8(0) !== NO_COMPRESSION) {
    throw new Error(
      `a block is compressed (type ${view.getUint8(0)}), which TensorFlow's checkpoint writer never does`,
    );
  }
  return file.subarray(offset, offset + size);
}

interface BlockEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Each key shares a prefix with the one before it. The restart offsets at the end serve searching only. */
function* blockEntries(block: Uint8Array): Generator<BlockEntry> {
  if (block.length < 4) throw new Error("a block is too short");
  const restarts = new DataView(block.buffer, block.byteOffset + block.length - 4, 4).getUint32(0, true);
  const entriesEnd = block.length - 4 - restarts * 4;
  if (entriesEnd < 0) throw new Error("a block has more restarts than bytes");
  const reader = new ByteReader(block.subarray(0, entriesEnd));
  let key: Uint8Array = new Uint8Array(0);
  while (reader.remaining > 0) {
    const shared = reader.varint();
    const unshared = reader.varint();
    const valueLength = reader.varint();
    if (shared > key.length) throw new Error("a key shares more bytes than the key before it has");
    if (shared + unshared > MAX_KEY_BYTES) throw new Error(`a key is longer than ${MAX_KEY_BYTES} bytes`);
    const next = new Uint8Array(shared + unshared);
    next.set(key.subarray(0, shared));
    next.set(reader.slice(unshared), shared);
    key = next;
    yield { key, value: reader.slice(valueLength) };
  }
}

function decodeKey(key: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(key);
  } catch {
    throw new Error("a variable's name is not UTF-8");
  }
}
