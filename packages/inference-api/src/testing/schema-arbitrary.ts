/**
 * fast-check arbitraries from the JSON Schema subset that the OpenAPI document uses: values that are valid, and values
 * that are nearly so (one thing wrong). Anything the generator does not know makes it throw, so no keyword is ignored.
 */
import fc, { type Arbitrary } from "fast-check";

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface SchemaSource {
  readonly schema: JsonSchema;
  /** Of components.schemas. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** Characters that go wrong somewhere: surrogates, NUL, quotes, controls, right-to-left marks. */
const nasty = fc.constantFrom(
  "\ud800",
  "\udfff",
  "\u0000",
  '"',
  "\\",
  "\u202e",
  "\ufeff",
  "\u2028",
  "😀",
  "ß",
  "\n",
);
const text = (minLength: number, maxLength: number) =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 12 }) },
        { weight: 1, arbitrary: nasty },
      ),
      {
        minLength: Math.min(1, minLength),
        maxLength: 12,
      },
    )
    .map((parts) => parts.join("").slice(0, maxLength));

/** Values that fulfil the schema. */
export function valid({ schema, schemas }: SchemaSource): Arbitrary<unknown> {
  const of = (inner: JsonSchema) => valid({ schema: inner, schemas });
  if (schema.$ref !== undefined) return of(resolve(schema.$ref, schemas));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return fc.oneof(...alternatives.map(of));
  if (schema.allOf?.length === 1 && schema.allOf[0] !== undefined) return of(schema.allOf[0]);
  switch (schema.type) {
    case "string":
      return text(schema.minLength ?? 0, schema.maxLength ?? 200);
    case "boolean":
      return fc.boolean();
    case "number":
      return fc.double({ min: schema.minimum ?? -1e9, max: schema.maximum ?? 1e9, noNaN: true });
    case "integer":
      return fc.integer({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000 });
    case "array": {
      const maxLength = Math.min(schema.maxItems ?? 8, 8);
      return fc.array(of(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength });
    }
    case "object":
      return objectOf(schema, of);
    default:
      throw new TypeError(`no generator for the schema ${JSON.stringify(schema)}`);
  }
}

function objectOf(schema: JsonSchema, of: (inner: JsonSchema) => Arbitrary<unknown>): Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  const model = Object.fromEntries(properties.map(([key, inner]) => [key, of(inner)]));
  const made = fc.record(model, { requiredKeys: [...(schema.required ?? [])] });
  return made.filter((value) => Object.keys(value).length >= (schema.minProperties ?? 0));
}

/** Values that were valid before one thing in them was changed: a field lost, added, renamed, retyped or out of range. */
export function near(source: SchemaSource): Arbitrary<unknown> {
  const junk = fc.oneof(
    fc.constantFrom(null, true, -1, 1.5, 1e300, "", [], {}, [[]], "0.5", { __proto__: null }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const key = fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "mesage",
    "messages",
    "message",
    "input",
    "",
  );
  return fc.tuple(valid(source), fc.nat(3), fc.nat(), key, junk).map(([value, kind, at, name, wrong]) => {
    if (typeof value !== "object" || value === null) return wrong;
    const entries = Object.entries(value);
    const index = entries.length === 0 ? 0 : at % entries.length;
    if (kind === 0) entries.splice(index, 1);
    else if (kind === 1) entries.push([name, wrong]);
    else if (kind === 2 && entries[index] !== undefined) entries[index] = [entries[index][0], wrong];
    else if (entries[index] !== undefined) entries[index] = [name, entries[index][1]];
    // Not an object literal: there __proto__ would be set, not defined.
    return JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`);
  });
}

function resolve(reference: string, schemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const name = reference.replace("#/components/schemas/", "");
  const schema = schemas[name];
  if (schema === undefined) throw new TypeError(`the document has no ${reference}`);
  return schema;
}
