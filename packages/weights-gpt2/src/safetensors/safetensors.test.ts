import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WeightsError } from "../errors.js";
import { openSafetensors, parseSafetensors } from "./read.js";
import { encodeSafetensors, type SafetensorsEntry, writeSafetensors } from "./write.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "btp-safetensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const float16Values = fc.integer({ min: -2048, max: 2048 }).map((n) => n / 8);

function dataFor(dtype: SafetensorsEntry["dtype"], count: number): fc.Arbitrary<SafetensorsEntry["data"]> {
  const size = { minLength: count, maxLength: count };
  if (dtype === "I8") return fc.int8Array(size);
  if (dtype === "I32") return fc.int32Array(size);
  if (dtype === "U8") return fc.uint8Array(size);
  // Values with 9 significant bits at most are exact in F16; BF16 is checked with whole numbers below 256.
  if (dtype === "F16") return fc.array(float16Values, size).map((v) => Float32Array.from(v));
  if (dtype === "BF16")
    return fc.array(fc.integer({ min: -255, max: 255 }), size).map((v) => Float32Array.from(v));
  return fc.float32Array({ ...size, noNaN: true });
}

const entry: fc.Arbitrary<SafetensorsEntry> = fc
  .record({
    name: fc.string({ unit: "grapheme", maxLength: 30 }).filter((name) => name !== "__metadata__"),
    dtype: fc.constantFrom("F32", "F16", "BF16", "I8", "I32", "U8"),
    shape,
  })
  .chain((base) => {
    const count = base.shape.reduce((a, b) => a * b, 1);
    return dataFor(base.dtype, count).map((data) => ({ ...base, data }) as SafetensorsEntry);
  });
const entries = fc.uniqueArray(entry, { selector: (e) => e.name, maxLength: 8 });

/** A file with the given header, whatever it says. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

async function problemsOf(bytes: Uint8Array): Promise<readonly string[]> {
  const error = await parseSafetensors(bytes).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof WeightsError)) throw new Error("expected a WeightsError");
  expect(error.code).toBe("SAFETENSORS_INVALID");
  return error.problems;
}

describe("round trip", () => {
  it("gives back every name, shape, dtype and value", async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.dictionary(fc.string(), fc.string()), async (list, metadata) => {
        const file = await parseSafetensors(encodeSafetensors(list, { metadata }));
        expect(new Map(Object.entries(file.metadata))).toEqual(new Map(Object.entries(metadata)));
        expect([...file.tensors.keys()].sort()).toEqual(list.map((e) => e.name).sort());
        for (const { name, dtype, shape, data } of list) {
          expect(file.tensors.get(name)).toMatchObject({ dtype, shape });
          const tensor = await file.read(name);
          expect(tensor.shape).toEqual(shape);
          expect(Array.from(tensor.data)).toEqual(Array.from(data));
        }
      }),
    );
  });

  it("writes the same bytes whatever the order of the entries", () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(encodeSafetensors(list.toReversed())).toEqual(encodeSafetensors(list));
      }),
    );
  });

  it("aligns every tensor to its element size", async () => {
    const bytes = encodeSafetensors([
      { name: "a", dtype: "I8", shape: [3], data: new Int8Array(3) },
      { name: "b", dtype: "F16", shape: [1], data: new Float32Array(1) },
      { name: "c", dtype: "F32", shape: [1], data: new Float32Array(1) },
    ]);
    expect([...(await parseSafetensors(bytes)).tensors.keys()]).toEqual(["c", "b", "a"]);
    expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
  });

  it("writes to disk what it writes to memory and leaves nothing beside it", async () => {
    const path = join(folder, "round.safetensors");
    const list: SafetensorsEntry[] = [
      {
        name: "half",
        dtype: "F16",
        shape: [300_000],
        data: Float32Array.from({ length: 300_000 }, (_, i) => i / 8),
      },
      { name: "whole", dtype: "I32", shape: [2], data: Int32Array.of(-1, 7) },
    ];
    await writeSafetensors(path, list, { metadata: { made: "by a test" } });
    expect(new Uint8Array(await readFile(path))).toEqual(
      encodeSafetensors(list, { metadata: { made: "by a test" } }),
    );
    const file = await openSafetensors(path);
    expect(Array.from((await file.read("whole")).data)).toEqual([-1, 7]);
    await file.close();
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("refuses to write equal names, wrong lengths and lone surrogates, listing all", () => {
    const write = () =>
      encodeSafetensors([
        { name: "a", dtype: "U8", shape: [1], data: new Uint8Array(1) },
        { name: "a", dtype: "U8", shape: [2], data: new Uint8Array(3) },
        { name: "\ud800", dtype: "U8", shape: [], data: new Uint8Array(1) },
        { name: "__metadata__", dtype: "U8", shape: [], data: new Uint8Array(1) },
      ]);
    expect(write).toThrowErrorMatchingInlineSnapshot(`
      [WeightsError: These tensors cannot be written:
        - the name "__metadata__" is taken
        - the name "a" is taken
        - tensor "a": 3 values for shape [2]
        - the name "\\ud800" is not well-formed Unicode]
    `);
  });
});

describe("reading other types", () => {
  const raw = async (dtype: string, bytes: ArrayBufferView) => {
    const header = {
      t: { dtype, shape: [bytes.byteLength / width(dtype)], data_offsets: [0, bytes.byteLength] },
    };
    const data = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return parseSafetensors(Buffer.concat([fileOf(header), data]));
  };
  const width = (dtype: string) => (/64/.test(dtype) ? 8 : /32/.test(dtype) ? 4 : /16/.test(dtype) ? 2 : 1);

  it("narrows F64 to float32", async () => {
    const tensor = await (await raw("F64", Float64Array.of(0.1, -1e300, 5e-324))).read("t");
    expect(tensor.dtype).toBe("float32");
    expect(Array.from(tensor.data)).toEqual([Math.fround(0.1), Number.NEGATIVE_INFINITY, 0]);
  });

  it("gives integers of every width as int32", async () => {
    for (const [dtype, values] of [
      ["I64", BigInt64Array.of(-2147483648n, 2147483647n)],
      ["U64", BigUint64Array.of(0n, 2147483647n)],
      ["U32", Uint32Array.of(0, 2147483647)],
      ["I16", Int16Array.of(-32768, 32767)],
      ["U16", Uint16Array.of(0, 65535)],
      ["I8", Int8Array.of(-128, 127)],
      ["U8", Uint8Array.of(0, 255)],
    ] as const) {
      const tensor = await (await raw(dtype, values)).read("t");
      expect(tensor.dtype).toBe("int32");
      expect(Array.from(tensor.data)).toEqual(Array.from(values, Number));
    }
  });

  it("refuses integers that do not fit instead of wrapping them", async () => {
    for (const [dtype, values] of [
      ["I64", BigInt64Array.of(2147483648n)],
      ["U64", BigUint64Array.of(2n ** 63n)],
      ["U32", Uint32Array.of(4294967295)],
    ] as const) {
      await expect((await raw(dtype, values)).read("t")).rejects.toMatchObject({ code: "TENSOR_UNREADABLE" });
    }
  });

  it("gives booleans as 0 and 1 and refuses anything else", async () => {
    expect(await (await raw("BOOL", Uint8Array.of(0, 1))).read("t")).toMatchObject({ dtype: "bool" });
    await expect((await raw("BOOL", Uint8Array.of(2))).read("t")).rejects.toMatchObject({
      code: "TENSOR_UNREADABLE",
    });
  });

  it("gives the bytes of types it cannot convert, and says so for read", async () => {
    const file = await raw("F8_E4M3", Uint8Array.of(1, 2, 3));
    expect(await file.readBytes("t")).toEqual(Uint8Array.of(1, 2, 3));
    await expect(file.read("t")).rejects.toMatchObject({ code: "TENSOR_UNREADABLE" });
  });

  it("names a tensor that is not there", async () => {
    await expect((await raw("U8", Uint8Array.of(1))).read("missing")).rejects.toMatchObject({
      code: "TENSOR_NOT_FOUND",
    });
  });
});

describe("hostile files", () => {
  const good = { dtype: "U8", shape: [4], data_offsets: [0, 4] };

  it.each([
    ["an empty file", new Uint8Array(0), /at least 8 bytes/],
    ["a header longer than the file", fileOf({ a: good }, 4).subarray(0, 20), /cut short/],
    ["a header length of 2^64 - 1", new Uint8Array(16).fill(255), /more than the 8000000 accepted/],
    ["a header that is no object", fileOf("[1]"), /not a JSON object/],
    ["a header that begins with a space", fileOf(" {}"), /not a JSON object/],
    ["bytes that are not UTF-8", fileOf("").fill(0xff, 8), /JSON|UTF-8/],
    ["deep nesting", fileOf(`{"a":${"[".repeat(1e5)}`), /deeper than/],
    ["unclosed JSON", fileOf('{"a":{"dtype":'), /not valid JSON/],
    [
      "equal names",
      fileOf(`{"a":${JSON.stringify(good)},"\\u0061":${JSON.stringify(good)}}`, 4),
      /"a" occurs twice/,
    ],
    ["an unknown dtype", fileOf({ a: { ...good, dtype: "F31" } }, 4), /unknown dtype "F31"/],
    ["a dtype from a prototype", fileOf({ a: { ...good, dtype: "constructor" } }, 4), /unknown dtype/],
    ["an unknown field", fileOf({ a: { ...good, extra: 1 } }, 4), /unknown field "extra"/],
    ["a negative dimension", fileOf({ a: { ...good, shape: [-4] } }, 4), /whole numbers/],
    ["a fraction", fileOf({ a: { ...good, shape: [0.5] } }, 4), /whole numbers/],
    ["offsets outside the file", fileOf({ a: { ...good, data_offsets: [0, 5] } }, 4), /outside the 4 bytes/],
    ["offsets the wrong way round", fileOf({ a: { ...good, data_offsets: [4, 0] } }, 4), /outside/],
    ["a shape that overflows", fileOf({ a: { ...good, shape: [2 ** 40, 2 ** 40] } }, 4), /overflows/],
    [
      "a shape that wraps to the right size in 64 bits",
      fileOf({ a: { ...good, shape: [2 ** 50, 2 ** 50, 4] } }, 4),
      /overflows/,
    ],
    ["fewer bytes than the shape needs", fileOf({ a: { ...good, dtype: "F32" } }, 4), /takes 16 bytes/],
    [
      "bytes before the first tensor",
      fileOf({ a: { ...good, data_offsets: [1, 5] } }, 5),
      /1 bytes before it/,
    ],
    ["bytes after the last tensor", fileOf({ a: good }, 6), /last 2 bytes/],
    [
      "overlapping tensors",
      fileOf({ a: good, b: { ...good, data_offsets: [2, 6] } }, 6),
      /belong to the one before/,
    ],
    ["metadata that is no text", fileOf({ __metadata__: { a: 1 } }), /__metadata__ "a" is not a string/],
  ])("refuses %s", async (_what, bytes, message) => {
    expect((await problemsOf(bytes)).join("\n")).toMatch(message);
  });

  it("lists everything that is wrong in one error", async () => {
    const problems = await problemsOf(
      fileOf(
        { a: { ...good, dtype: "X" }, b: { ...good, data_offsets: [0, 99] }, c: { ...good, shape: "4" } },
        4,
      ),
    );
    expect(problems).toHaveLength(3);
  });

  it("does not let a tensor or metadata named __proto__ change an object", async () => {
    const file = await parseSafetensors(
      fileOf(
        '{"__metadata__":{"__proto__":"x"},"__proto__":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        4,
      ),
    );
    expect(Object.keys(file.metadata)).toEqual(["__proto__"]);
    expect((await file.read("__proto__")).data).toHaveLength(4);
  });

  it("prints no control characters or endless names from the file", async () => {
    const [problem] = await problemsOf(fileOf({ ["\u001b[2J".repeat(1000)]: 1 }));
    expect(problem!.length).toBeLessThan(400);
    expect(problem).not.toContain("\u001b");
  });

  it("ends with a WeightsError or a readable file for any flipped bytes and any cut", async () => {
    const bytes = encodeSafetensors([
      { name: "a", dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: "b", dtype: "I8", shape: [5], data: Int8Array.of(1, 2, 3, 4, 5) },
    ]);
    const flip = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(flip, { minLength: 1, maxLength: 4 }),
        fc.nat(bytes.length),
        async (flips, cut) => {
          const damaged = bytes.slice(0, flips.length === 1 ? bytes.length : cut);
          for (const [at, mask] of flips) if (at < damaged.length) damaged[at]! ^= mask;
          try {
            const file = await parseSafetensors(damaged);
            for (const name of file.tensors.keys()) await file.readBytes(name);
          } catch (error) {
            expect(error).toBeInstanceOf(WeightsError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("refuses a folder, a missing file and a pipe without waiting", async () => {
    await expect(openSafetensors(folder)).rejects.toMatchObject({ code: "UNREADABLE" });
    await expect(openSafetensors(join(folder, "none"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(openSafetensors("/dev/zero")).rejects.toMatchObject({ code: "UNREADABLE" });
  });

  it("reports a file that is cut while it is open", async () => {
    const path = join(folder, "cut.safetensors");
    const bytes = encodeSafetensors([{ name: "a", dtype: "U8", shape: [100], data: new Uint8Array(100) }]);
    await writeFile(path, bytes);
    const file = await openSafetensors(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 50));
    await expect(file.read("a")).rejects.toMatchObject({ code: "UNREADABLE" });
    await file.close();
  });
});
