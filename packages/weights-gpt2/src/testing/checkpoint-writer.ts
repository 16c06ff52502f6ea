/**
 * Writes TensorFlow V2 checkpoints for the tests of their reader: sorted tables of several blocks, with restarts and shared
 * prefixes, and any number of shards. For tests only; it can be told to write what no real writer would.
 */
import { writeFile } from "node:fs/promises";
import { crc32c, maskCrc } from "../checkpoint/crc32c.js";

export interface WrittenVariable {
  readonly name: string;
  /** TensorFlow's number of the type: 1 float, 3 int32, 19 half, 14 bfloat16 ... */
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly shard?: number;
  /** Overrides of what would be right. */
  readonly offset?: number;
  readonly size?: number;
  readonly crc?: number;
  readonly extra?: Uint8Array;
}

export interface WrittenCheckpoint {
  readonly index: Uint8Array;
  readonly shards: readonly Uint8Array[];
}

export interface CheckpointOptions {
  readonly entriesPerBlock?: number;
  readonly numShards?: number;
  readonly bigEndian?: boolean;
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) | (more ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function field(number: number, content: number | bigint | Uint8Array): Buffer {
  if (typeof content !== "object") return Buffer.concat([varint(number * 8), varint(content)]);
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

function fixed32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function encodeCheckpoint(
  variables: readonly WrittenVariable[],
  options: CheckpointOptions = {},
): WrittenCheckpoint {
  const { numShards = 1, bigEndian = false } = options;
  const shards: Buffer[][] = Array.from({ length: numShards }, () => []);
  const ends = new Array<number>(numShards).fill(0);
  const header = Buffer.concat([
    field(1, numShards),
    bigEndian ? field(2, 1) : Buffer.alloc(0),
    field(3, field(1, 1)),
  ]);
  const records: [key: Buffer, value: Buffer][] = [[Buffer.alloc(0), header]];
  const sorted = [...variables].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const { name, type, shape, bytes, shard = 0, extra, ...wrong } of sorted) {
    const dims = Buffer.concat(shape.map((size) => field(2, field(1, BigInt(size)))));
    const offset = ends[shard] ?? 0;
    shards[shard]?.push(Buffer.from(bytes));
    ends[shard] = offset + bytes.length;
    const entry = [field(1, type), field(2, dims), field(3, shard), field(4, wrong.offset ?? offset)];
    entry.push(field(5, wrong.size ?? bytes.length));
    entry.push(varint(6 * 8 + 5), fixed32(wrong.crc ?? maskCrc(crc32c(bytes))));
    if (extra !== undefined) entry.push(Buffer.from(extra));
    records.push([Buffer.from(name), Buffer.concat(entry)]);
  }
  return {
    index: encodeTable(records, options.entriesPerBlock ?? 1000),
    shards: shards.map((s) => Buffer.concat(s)),
  };
}

export function encodeTable(records: readonly (readonly [Buffer, Buffer])[], entriesPerBlock = 1000): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  const append = (block: Buffer): Buffer => {
    const handle = Buffer.concat([varint(at), varint(block.length)]);
    const typed = Buffer.concat([block, Buffer.of(0)]);
    const whole = Buffer.concat([typed, fixed32(maskCrc(crc32c(typed)))]);
    parts.push(whole);
    at += whole.length;
    return handle;
  };
  const indexRecords: [Buffer, Buffer][] = [];
  for (let i = 0; i < records.length; i += entriesPerBlock) {
    const group = records.slice(i, i + entriesPerBlock);
    indexRecords.push([group.at(-1)![0], append(encodeBlock(group))]);
  }
  const metaIndex = append(encodeBlock([]));
  const index = append(encodeBlock(indexRecords));
  const footer = Buffer.alloc(48);
  Buffer.concat([metaIndex, index]).copy(footer);
  footer.writeUInt32LE(0x8b80fb57, 40);
  footer.writeUInt32LE(0xdb477524, 44);
  return Buffer.concat([...parts, footer]);
}

const RESTART_INTERVAL = 16;

function encodeBlock(records: readonly (readonly [Buffer, Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  const restarts: number[] = [];
  let at = 0;
  let previous: Buffer = Buffer.alloc(0);
  records.forEach(([key, value], i) => {
    if (i % RESTART_INTERVAL === 0) {
      restarts.push(at);
      previous = Buffer.alloc(0);
    }
    let shared = 0;
    while (shared < Math.min(previous.length, key.length) && previous[shared] === key[shared]) shared++;
    const part = Buffer.concat([
      varint(shared),
      varint(key.length - shared),
      varint(value.length),
      key.subarray(shared),
      value,
    ]);
    parts.push(part);
    at += part.length;
    previous = key;
  });
  if (restarts.length === 0) restarts.push(0);
  return Buffer.concat([...parts, ...restarts.map(fixed32), fixed32(restarts.length)]);
}

export async function writeCheckpoint(prefix: string, checkpoint: WrittenCheckpoint): Promise<void> {
  const five = (n: number): string => String(n).padStart(5, "0");
  await writeFile(`${prefix}.index`, checkpoint.index);
  for (const [i, shard] of checkpoint.shards.entries()) {
    await writeFile(`${prefix}.data-${five(i)}-of-${five(checkpoint.shards.length)}`, shard);
  }
}
