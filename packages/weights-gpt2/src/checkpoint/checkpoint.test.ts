import { mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedFolder } from "@btp/test-kit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import {
  type CheckpointOptions,
  encodeCheckpoint,
  encodeTable,
  field,
  type WrittenVariable,
  writeCheckpoint,
} from "../testing/checkpoint-writer.js";
import { crc32c, maskCrc } from "./crc32c.js";
import { openCheckpoint } from "./read.js";

let prefix: string;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-checkpoint-"));
  prefix = join(folder, "model.ckpt");
});
afterEach(() => rm(folder, { recursive: true }));

const float = (name: string, values: number[], more: Partial<WrittenVariable> = {}): WrittenVariable => ({
  name,
  type: 1,
  shape: [values.length],
  bytes: new Uint8Array(Float32Array.from(values).buffer),
  ...more,
});

async function open(variables: WrittenVariable[], options?: CheckpointOptions) {
  await writeCheckpoint(prefix, encodeCheckpoint(variables, options));
  return openCheckpoint(prefix);
}

async function errorOf(action: Promise<unknown>): Promise<WeightsError> {
  const error = await action.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof WeightsError)) throw new Error("expected a WeightsError");
  return error;
}

const problemsOf = async (variables: WrittenVariable[], options?: CheckpointOptions) => {
  const error = await errorOf(open(variables, options));
  expect(error.code).toBe("CHECKPOINT_INVALID");
  return error.problems.join("\n");
};

describe("openCheckpoint", () => {
  it("reads variables of every type from several blocks and shards", async () => {
    const many = Array.from({ length: 100 }, (_, i) => float(`model/h${i}/w`, [i, -i], { shard: i % 3 }));
    const file = await open(
      [
        ...many,
        { name: "half", type: 19, shape: [2], bytes: Uint8Array.of(0, 0x3c, 0, 0xc0) },
        { name: "brain", type: 14, shape: [1, 1], bytes: Uint8Array.of(0x80, 0x3f) },
        { name: "step", type: 9, shape: [], bytes: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) },
        { name: "empty", type: 1, shape: [0, 3], bytes: new Uint8Array(0) },
        { name: "graph", type: 7, shape: [], bytes: Uint8Array.of(1, 2, 3) },
      ],
      { entriesPerBlock: 9, numShards: 3 },
    );
    expect(file.tensors.size).toBe(105);
    for (let i = 0; i < 100; i++)
      expect(Array.from((await file.read(`model/h${i}/w`)).data)).toEqual([i, -i]);
    expect(Array.from((await file.read("half")).data)).toEqual([1, -2]);
    expect(await file.read("brain")).toMatchObject({ shape: [1, 1], data: Float32Array.of(1) });
    expect(await file.read("step")).toMatchObject({ dtype: "int32", shape: [], data: Int32Array.of(7) });
    expect((await file.read("empty")).data).toHaveLength(0);
    expect(file.tensors.get("graph")?.dtype).toBe("string");
    await expect(file.read("graph")).rejects.toMatchObject({ code: "TENSOR_UNREADABLE" });
    await expect(file.read("none")).rejects.toMatchObject({ code: "TENSOR_NOT_FOUND" });
    await file.close();
  });

  it("opens by the prefix and by the .index file alike", async () => {
    await (await open([float("a", [1])])).close();
    const file = await openCheckpoint(`${prefix}.index`);
    expect([...file.tensors.keys()]).toEqual(["a"]);
    await file.close();
  });

  it("notices a flipped bit in a variable when it is read, and only there", async () => {
    const checkpoint = encodeCheckpoint([float("a", [1, 2]), float("b", [3])]);
    checkpoint.shards[0]![5]! ^= 1;
    await writeCheckpoint(prefix, checkpoint);
    const file = await openCheckpoint(prefix);
    await expect(file.read("a")).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    expect(Array.from((await file.read("b")).data)).toEqual([3]);
    await file.close();
  });

  it.each<[string, WrittenVariable[], CheckpointOptions | undefined, RegExp]>([
    [
      "bytes outside the shard",
      [float("a", [1], { offset: 1 })],
      undefined,
      /lie outside shard 0, which has 4/,
    ],
    [
      "overlapping variables",
      [float("a", [1, 2]), float("b", [3], { offset: 4 })],
      undefined,
      /4 of its bytes/,
    ],
    [
      "a size that is not the shape's",
      [float("a", [1], { size: 3 })],
      undefined,
      /takes 4 bytes, its record says 3/,
    ],
    ["a shape that overflows", [float("a", [1], { shape: [2 ** 30, 2 ** 30] })], undefined, /overflows/],
    ["a negative dimension", [float("a", [1], { shape: [-1] })], undefined, /larger than 2\^53/],
    ["an unknown type", [float("a", [1], { type: 99 })], undefined, /unknown type 99/],
    ["a shard that does not exist", [float("a", [1], { shard: 4 })], undefined, /shard 4 of 1/],
    ["slices", [float("a", [1], { extra: field(7, Buffer.alloc(0)) })], undefined, /split into slices/],
    ["big-endian data", [float("a", [1])], { bigEndian: true }, /big-endian/],
    ["no shards", [], { numShards: 0 }, /claims 0 shards/],
    ["a record with a group", [float("a", [1], { extra: Uint8Array.of(0x0b) })], undefined, /wire type 3/],
    ["a record that is cut", [float("a", [1], { extra: Uint8Array.of(0x12, 9) })], undefined, /past its end/],
  ])("refuses %s", async (_what, variables, options, message) => {
    expect(await problemsOf(variables, options)).toMatch(message);
  });

  it("lists everything that is wrong in one error", async () => {
    const problems = await problemsOf([float("a", [1], { type: 99 }), float("b", [1], { size: 3 })]);
    expect(problems.split("\n")).toHaveLength(2);
  });

  it("refuses keys out of order, a missing header and compressed blocks", async () => {
    const value = Buffer.alloc(0);
    const index = async (bytes: Uint8Array) => {
      await writeFile(`${prefix}.index`, bytes);
      return (await errorOf(openCheckpoint(prefix))).problems.join("\n");
    };
    const records = [["b", value] as const, ["a", value] as const].map(
      ([k, v]) => [Buffer.from(k), v] as const,
    );
    expect(await index(encodeTable(records))).toMatch(/not in order/);
    expect(await index(encodeTable([[Buffer.from("a"), value]]))).toMatch(/not a bundle header/);
    const compressed = encodeTable([[Buffer.alloc(0), value]]);
    // The first block holds one entry of three bytes, one restart and their count.
    compressed[11] = 1;
    compressed.writeUInt32LE(maskCrc(crc32c(compressed.subarray(0, 12))), 12);
    expect(await index(compressed)).toMatch(/compressed \(type 1\)/);
  });

  it("names a missing shard or index", async () => {
    await (await open([float("a", [1])])).close();
    await unlink(`${prefix}.data-00000-of-00001`);
    expect((await errorOf(openCheckpoint(prefix))).problems).toEqual([
      '"model.ckpt.data-00000-of-00001" is missing',
    ]);
    expect((await errorOf(openCheckpoint(join(folder, "none")))).code).toBe("NOT_FOUND");
  });

  it("notices any single flipped bit of the index's blocks", async () => {
    const { index, shards } = encodeCheckpoint([float("a", [1]), float("b", [2])]);
    await fc.assert(
      fc.asyncProperty(fc.nat(index.length - 49), fc.nat(7), async (at, bit) => {
        const damaged = Uint8Array.from(index);
        damaged[at]! ^= 1 << bit;
        await writeCheckpoint(prefix, { index: damaged, shards });
        // The block of the meta index is never read.
        const outcome = await openCheckpoint(prefix).then(
          (file) => file.close().then(() => "opened"),
          (error: unknown) => (error instanceof WeightsError ? error.code : "crash"),
        );
        expect(["CHECKPOINT_INVALID", "opened"]).toContain(outcome);
        if (at < index.length - 48 - 45 - 13) expect(outcome).toBe("CHECKPOINT_INVALID");
      }),
    );
  });

  it("ends with a WeightsError for any bytes whose checksums were made right again", async () => {
    const header = Buffer.concat([field(1, 1), field(3, field(1, 1))]);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 12 }),
        async (bytes, key) => {
          const index = encodeTable([
            [Buffer.alloc(0), header],
            [Buffer.concat([Buffer.from("a"), key]), Buffer.from(bytes)],
          ]);
          await writeCheckpoint(prefix, { index, shards: [new Uint8Array(8)] });
          const outcome = await openCheckpoint(prefix).then(
            (file) => file.close(),
            (error: unknown) => error,
          );
          if (outcome !== undefined) expect(outcome).toBeInstanceOf(WeightsError);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("ends with a WeightsError for an index cut anywhere", async () => {
    const { index, shards } = encodeCheckpoint([float("a", [1]), float("b", [2])]);
    for (let length = 0; length < index.length; length++) {
      await writeCheckpoint(prefix, { index: index.subarray(0, length), shards });
      expect((await errorOf(openCheckpoint(prefix))).code).toBe("CHECKPOINT_INVALID");
    }
  });
});

interface ListedVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly first3: readonly number[];
  readonly sum: number;
  readonly maskedCrc32c: number;
}

const real = sharedFolder("fixtures/tf-checkpoint");

describe.skipIf(real === null)(
  "a checkpoint written by TensorFlow (skipped without ../shared/fixtures)",
  () => {
    it("has the 32 variables, shapes, values and checksums that an independent reader found", async () => {
      const listed = JSON.parse(await readFile(join(real!, "variables.json"), "utf8")) as ListedVariable[];
      const file = await openCheckpoint(join(real!, "model.ckpt"));
      expect(listed).toHaveLength(32);
      expect([...file.tensors.keys()]).toEqual(listed.map(({ name }) => name));
      for (const { name, shape, first3, sum, maskedCrc32c } of listed) {
        const { data, ...tensor } = await file.read(name);
        expect(tensor).toEqual({ dtype: "float32", shape });
        expect(Array.from(data.slice(0, 3))).toEqual(first3);
        const total = Array.from(data).reduce((a, b) => a + b, 0);
        // Both sums are in float64, possibly in another order.
        expect(Math.abs(total - sum)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(sum)) * data.length);
        expect(maskCrc(crc32c(await file.readBytes(name)))).toBe(maskedCrc32c);
      }
      await file.close();
    });
  },
);
