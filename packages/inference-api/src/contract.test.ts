/**
 * Requests generated from the OpenAPI document against a running server: valid ones, nearly valid ones and rubbish.
 * Every answer must have a documented status and a body valid against the schema documented for it.
 * BTP_CONTRACT_REQUESTS sets how many (default 1,000; the release figure is 10,000).
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JsonSchema, near, valid } from "./testing/schema-arbitrary.js";
import { startTestServer, type TestServer } from "./testing/test-server.js";

const REQUESTS = Number(process.env.BTP_CONTRACT_REQUESTS ?? 1000);

interface Content {
  readonly [type: string]: { readonly schema: JsonSchema };
}

interface Operation {
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

describe("the OpenAPI document", () => {
  let server: TestServer;
  let document: Document;
  const validators = new Map<string, ValidateFunction>();
  const seen = new Map<string, number>();

  beforeAll(async () => {
    server = await startTestServer({
      openaiRoute: true,
      perspectiveRoute: true,
      logRequests: false,
      maxBatchMessages: 16,
    });
    document = (await (await server.get("/openapi.json")).json()) as Document;
  });
  afterAll(() => server.close());

  /** The validator of one documented answer, its references resolved against the document. */
  function validatorOf(schema: JsonSchema, name: string): ValidateFunction {
    const known = validators.get(name);
    if (known !== undefined) return known;
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    const made = ajv.compile({ ...schema, components: document.components });
    validators.set(name, made);
    return made;
  }

  async function check(
    method: string,
    path: string,
    operation: Operation,
    init: RequestInit,
  ): Promise<number> {
    const response = await fetch(server.url + path, { method: method.toUpperCase(), ...init });
    const documented = operation.responses[String(response.status)];
    expect(
      documented,
      `${method} ${path} answered ${response.status}, which is not documented`,
    ).toBeDefined();
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const content = documented?.content?.[type];
    expect(
      content,
      `${method} ${path} ${response.status} answered ${type}, which is not documented`,
    ).toBeDefined();
    const text = await response.text();
    const body: unknown = type.includes("json") ? JSON.parse(text) : text;
    const validate = validatorOf(content?.schema ?? {}, `${method} ${path} ${response.status}`);
    expect(validate(body), `${method} ${path}: ${JSON.stringify(validate.errors)}`).toBe(true);
    const key = `${method} ${path} ${response.status}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return response.status;
  }

  it("is an OpenAPI 3.1 document whose references all resolve", () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      (match) => match[1] ?? "",
    );
    expect(references.length).toBeGreaterThan(10);
    for (const name of references) expect(document.components.schemas).toHaveProperty(name);
    expect(text).toContain('"openapi":"3.1.0"');
  });

  it("describes every GET as it answers", async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      if (operations.get !== undefined) expect(await check("get", path, operations.get, {})).toBe(200);
    }
  });

  it(`is kept by ${REQUESTS} generated requests, with no 5xx`, {
    timeout: 60_000 + 60 * REQUESTS,
  }, async () => {
    const posts = Object.entries(document.paths).flatMap(([path, { post }]) =>
      post === undefined ? [] : [{ path, post }],
    );
    expect(posts.length).toBe(4);
    const schemaOf = (operation: Operation) =>
      operation.requestBody?.content["application/json"]?.schema ?? {};
    const request = fc.constantFrom(...posts).chain(({ path, post }) => {
      const resolve = { schemas: document.components.schemas, schema: schemaOf(post) };
      return fc.oneof(
        {
          weight: 4,
          arbitrary: valid(resolve).map((body) => ({
            path,
            post,
            body: JSON.stringify(body),
            isValid: true,
          })),
        },
        {
          weight: 4,
          arbitrary: near(resolve).map((body) => ({
            path,
            post,
            body: JSON.stringify(body),
            isValid: false,
          })),
        },
        { weight: 1, arbitrary: fc.json().map((body) => ({ path, post, body, isValid: false })) },
        { weight: 1, arbitrary: fc.string().map((body) => ({ path, post, body, isValid: false })) },
      );
    });
    const headers = { "content-type": "application/json" };
    await fc.assert(
      fc.asyncProperty(request, async ({ path, post, body, isValid }) => {
        const status = await check("post", path, post, { headers, body });
        if (isValid) expect(status, `a valid request was refused: ${body.slice(0, 200)}`).toBe(200);
        else expect([200, 400, 422]).toContain(status);
      }),
      { numRuns: REQUESTS },
    );
    // The generator must reach both sides of every route, or the property proves little.
    for (const { path } of posts)
      for (const status of [200, 400, 422]) expect(seen.has(`post ${path} ${status}`)).toBe(true);
  });
});
