// Operations by a hash or an id: those of a list, and then no others, or any that was sent in full once.

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ConfigError, readConfig } from '../src/config.js';
import { startStack, UNLIMITED, type TestStack } from './kit/gateway.js';

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (hash: unknown, version: unknown = 1) => ({
  extensions: { persistedQuery: { version, sha256Hash: hash } },
});

interface Said {
  readonly status: number;
  readonly data?: Record<string, unknown>;
  readonly code?: string;
  readonly message?: string;
}

/** Sends these parameters, as a POST or a GET. */
async function send(stack: TestStack, params: object, { method = 'POST', accept = GRAPHQL_TYPE } = {}): Promise<Said> {
  const url = new URL('http://gateway/graphql');
  const isGet = method === 'GET';
  if (isGet) {
    for (const [name, value] of Object.entries(params))
      url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  const headers = { accept, 'content-type': JSON_TYPE };
  const response = await stack.gateway.fetch(
    new Request(url, { method, headers, ...(!isGet && { body: JSON.stringify(params) }) }),
  );
  const { data, errors } = (await response.json()) as {
    data?: Record<string, unknown>;
    errors?: { message: string; extensions: { code: string } }[];
  };
  return {
    status: response.status,
    ...(data && { data }),
    ...(errors && { code: errors[0]!.extensions.code, message: errors[0]!.message }),
  };
}

const COSTS = 'query Costs($first: Int) { workloadCosts { rows(first: $first) { nodes { __typename } } } }';
const NAME = 'query Name { cluster(name: "a") { name } }';
const SCHEMA = '{ __schema { queryType { name } } }';
const rowsOf = ({ data }: Said): unknown =>
  (data?.workloadCosts as { rows: { nodes: unknown[] } } | undefined)?.rows.nodes.length;

const CODEGEN = JSON.stringify({ [sha256(COSTS)]: COSTS, 'name-1': NAME });
const MANIFEST = JSON.stringify({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: [
    { id: sha256(COSTS), name: 'Costs', type: 'query', body: COSTS },
    { id: 'name-1', name: 'Name', type: 'query', body: NAME },
  ],
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trusted-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ['of GraphQL Code Generator', CODEGEN],
  ['of Apollo', MANIFEST],
])('with a list %s', (_of, list) => {
  let stack: TestStack;
  beforeAll(async () => {
    const path = join(folder, `${sha256(list)}.json`);
    await writeFile(path, list);
    stack = await startStack({ env: { GATEWAY_TRUSTED_DOCUMENTS: path } });
    // It was read at the start, and is not read again.
    await rm(path);
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  test.each<[string, object]>([
    ['documentId', { documentId: sha256(COSTS) }],
    ['documentId with its prefix', { documentId: `sha256:${sha256(COSTS)}` }],
    ['id', { id: sha256(COSTS) }],
    ["Apollo's hash", persisted(sha256(COSTS))],
    ['its text', { query: COSTS }],
    ['its text and hash', { query: COSTS, ...persisted(sha256(COSTS)) }],
  ])('a listed operation runs by %s, with variables and a name, by POST and GET', async (_how, params) => {
    for (const method of ['POST', 'GET']) {
      const said = await send(stack, { ...params, variables: { first: 3 }, operationName: 'Costs' }, { method });
      expect([said.status, rowsOf(said), said.code]).toEqual([200, 3, undefined]);
    }
  });

  test('an id that is no hash is an id', async () => {
    expect(await send(stack, { documentId: 'name-1' })).toEqual({ status: 200, data: { cluster: { name: 'a' } } });
  });

  test.each<[string, object]>([
    ['an unknown id', { documentId: 'name-2' }],
    ['an unknown hash', persisted(sha256(SCHEMA))],
    ['what objects inherit', { documentId: 'constructor' }],
    ['__proto__', { id: '__proto__' }],
    ['another text', { query: SCHEMA }],
    ['a text with one blank more', { query: `${COSTS} ` }],
    ['a text with the hash of a listed one', { query: SCHEMA, ...persisted(sha256(COSTS)) }],
    ['a text with the id of a listed one', { query: SCHEMA, documentId: 'name-1' }],
    ['a text and its own hash, as to register it', { query: SCHEMA, ...persisted(sha256(SCHEMA)) }],
    ['an empty text', { query: '' }],
    ['a text that does not parse', { query: '{' }],
    ['a query that is no text', { query: { a: 1 } }],
  ])('nothing else does: %s is PERSISTED_QUERY_NOT_IN_LIST', async (_what, params) => {
    for (const accept of [JSON_TYPE, GRAPHQL_TYPE]) {
      expect(await send(stack, params, { accept })).toEqual({
        status: 400,
        code: 'PERSISTED_QUERY_NOT_IN_LIST',
        message: 'Only operations that the gateway was given a list of may be run.',
      });
    }
  });

  test.each<[string, object]>([
    ['neither an id nor a text', {}],
    ['an id that is a number', { documentId: 7 }],
    ['a hash that is a list', persisted([])],
  ])('%s is BAD_USER_INPUT', async (_what, params) => {
    expect(await send(stack, params)).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
  });

  test('its other parameters are checked as ever', async () => {
    expect(await send(stack, { id: 'name-1', variables: 'x' })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await send(stack, { id: 'name-1', operationName: 'Other' })).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('a list that is not right stops the start', () => {
  const problemsOf = (list: string | (() => string), env: Record<string, string> = {}): readonly string[] => {
    const base = {
      SCALEOPS_URL: 'http://scaleops.test',
      SCALEOPS_TOKEN: 'abc',
      GATEWAY_TRUSTED_DOCUMENTS: '/canary/list.json',
    };
    try {
      readConfig({ ...base, ...env }, () => (typeof list === 'string' ? list : list()));
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  };
  const inManifest = (...operations: unknown[]): string =>
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });

  test.each<[string, string | (() => string), string[]]>([
    [
      'that cannot be read',
      () => {
        throw new Error('ENOENT: no such file, canary');
      },
      ['GATEWAY_TRUSTED_DOCUMENTS must be a file that can be read.'],
    ],
    ['of no JSON', '{ canary', ['GATEWAY_TRUSTED_DOCUMENTS: must be JSON.']],
    ['of another shape', '["canary"]', ['GATEWAY_TRUSTED_DOCUMENTS: must be an object.']],
    [
      'of another format',
      '{"format":"canary","version":1,"operations":[]}',
      [
        'GATEWAY_TRUSTED_DOCUMENTS: must be texts by their ids, or a manifest of format "apollo-persisted-query-manifest" and version 1.',
      ],
    ],
    [
      'of another version',
      '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}',
      [
        'GATEWAY_TRUSTED_DOCUMENTS: must be texts by their ids, or a manifest of format "apollo-persisted-query-manifest" and version 1.',
      ],
    ],
    [
      'with bad operations, all of which are named',
      JSON.stringify({
        syntax: '{ canary',
        good: NAME,
        field: '{ canary }',
        deep: `{ workloadCosts { rows { nodes { ${'cluster { costs { rows { nodes { '.repeat(6)} id ${'} } } }'.repeat(6)} } } } }`,
        long: `{ ${'__typename '.repeat(10_000)} }`,
        number: 7,
      }),
      [
        'GATEWAY_TRUSTED_DOCUMENTS: "syntax" does not parse.',
        'GATEWAY_TRUSTED_DOCUMENTS: "field" does not fit the schema.',
        'GATEWAY_TRUSTED_DOCUMENTS: "deep" is over one of the limits of documents.',
        'GATEWAY_TRUSTED_DOCUMENTS: "long" is over one of the limits of documents.',
        'GATEWAY_TRUSTED_DOCUMENTS: "number" must have an id and a text.',
      ],
    ],
    [
      'with an id twice, or none',
      inManifest({ id: 'a', body: NAME }, { id: 'a', body: COSTS }, { body: NAME }, 'canary', { id: '', body: NAME }),
      [
        'GATEWAY_TRUSTED_DOCUMENTS: "a" is there twice.',
        'GATEWAY_TRUSTED_DOCUMENTS: operation 3 must have an id and a text.',
        'GATEWAY_TRUSTED_DOCUMENTS: operation 4 must have an id and a text.',
        'GATEWAY_TRUSTED_DOCUMENTS: "" must have an id and a text.',
      ],
    ],
    [
      'with an id of any length, of which the beginning is named',
      inManifest({ id: 'x'.repeat(500), body: '{' }),
      [`GATEWAY_TRUSTED_DOCUMENTS: "${'x'.repeat(100)}…" does not parse.`],
    ],
  ])('%s', (_what, list, problems) => {
    expect(problemsOf(list)).toEqual(problems);
  });

  test('of operations that fit the schema only with other settings', () => {
    const list = JSON.stringify({
      service: '{ _service { sdl } }',
      deep: `{ x: __typename ${'__typename '.repeat(30)} }`,
    });
    expect(problemsOf(list)).toEqual(['GATEWAY_TRUSTED_DOCUMENTS: "deep" is over one of the limits of documents.']);
    expect(problemsOf(list, { ...UNLIMITED, GATEWAY_FEDERATION: 'off' })).toEqual([
      'GATEWAY_TRUSTED_DOCUMENTS: "service" does not fit the schema.',
    ]);
  });

  test('and one that is right is warned of beside GraphiQL', () => {
    const env = { SCALEOPS_URL: 'http://scaleops.test', SCALEOPS_TOKEN: 'abc', GATEWAY_TRUSTED_DOCUMENTS: 'a' };
    expect(readConfig(env, () => `\uFEFF${CODEGEN}`).warnings).toEqual([
      'GRAPHIQL is on, and runs nothing but what GATEWAY_TRUSTED_DOCUMENTS lists.',
    ]);
  });
});

describe('automatic persisted queries', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack[Symbol.asyncDispose]());
  const NOT_FOUND = { code: 'PERSISTED_QUERY_NOT_FOUND', message: 'PersistedQueryNotFound' };

  test('an operation is sent in full once, and then by its hash, by POST and GET', async () => {
    const byHash = { ...persisted(sha256(COSTS)), variables: { first: 2 } };
    // As Apollo's server says it to those that know only its media type, and as its clients expect it.
    expect(await send(stack, byHash, { accept: JSON_TYPE })).toEqual({ status: 200, ...NOT_FOUND });
    expect(await send(stack, byHash)).toEqual({ status: 400, ...NOT_FOUND });
    expect(await send(stack, byHash, { method: 'GET' })).toEqual({ status: 400, ...NOT_FOUND });
    expect(rowsOf(await send(stack, { ...byHash, query: COSTS }))).toBe(2);
    expect(rowsOf(await send(stack, byHash))).toBe(2);
    expect(rowsOf(await send(stack, { ...byHash, variables: { first: 4 } }, { method: 'GET' }))).toBe(4);
    expect(rowsOf(await send(stack, { ...persisted(sha256(COSTS).toUpperCase()), variables: { first: 1 } }))).toBe(1);
  });

  test('a hash of another text is refused, and keeps nothing', async () => {
    const wrong = sha256(NAME);
    expect(await send(stack, { query: COSTS, ...persisted(wrong) })).toEqual({
      status: 400,
      code: 'BAD_USER_INPUT',
      message: 'extensions.persistedQuery.sha256Hash must be the SHA-256 of query.',
    });
    expect(await send(stack, persisted(wrong))).toMatchObject(NOT_FOUND);
  });

  test.each<[string, object, RegExp]>([
    ['another version', persisted(sha256(COSTS), 2), /^extensions\.persistedQuery\.version must be 1\.$/],
    ['no version', { extensions: { persistedQuery: { sha256Hash: sha256(COSTS) } } }, /version must be 1/],
    ['a short hash', persisted('abc'), /^extensions\.persistedQuery\.sha256Hash must be 64 hexadecimal digits\.$/],
    ['a hash that is no text', persisted({ toString: 1 }), /sha256Hash must be 64/],
    ['a text in its place', { extensions: { persistedQuery: 'x' } }, /version must be 1/],
    ['a list in its place', { extensions: { persistedQuery: [] } }, /version must be 1/],
  ])('%s is BAD_USER_INPUT', async (_what, params, message) => {
    for (const more of [{}, { query: COSTS }]) {
      const said = await send(stack, { ...params, ...more });
      expect(said).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
      expect(said.message).toMatch(message);
    }
  });

  test('what is no valid operation is not kept', async () => {
    for (const [query, code] of [
      ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{', 'GRAPHQL_PARSE_FAILED'],
      [`{ ${'__typename '.repeat(21)} }`, 'MAX_ROOT_FIELDS_LIMIT'],
    ] as const) {
      expect(await send(stack, { query, ...persisted(sha256(query)) })).toMatchObject({ code });
      expect(await send(stack, persisted(sha256(query)))).toMatchObject(NOT_FOUND);
    }
  });

  test('what is kept is bounded by its length', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `{ __typename } # ${index} ${'x'.repeat(249_000)}`);
    for (const query of texts) expect((await send(stack, { query, ...persisted(sha256(query)) })).status).toBe(200);
    expect(await send(stack, persisted(sha256(texts[0]!)))).toMatchObject(NOT_FOUND);
    expect((await send(stack, persisted(sha256(texts.at(-1)!)))).status).toBe(200);
  });

  test('with GATEWAY_APQ=off no hash is known, and texts run whatever their hash', async () => {
    await using plain = await startStack({ env: { GATEWAY_APQ: 'off' } });
    const both = { query: NAME, ...persisted(sha256(NAME)) };
    expect((await send(plain, both)).status).toBe(200);
    expect(await send(plain, persisted(sha256(NAME)))).toMatchObject(NOT_FOUND);
    expect((await send(plain, { ...both, ...persisted(sha256(COSTS)) })).status).toBe(200);
  });

  test('without a list a documentId is an unknown parameter', async () => {
    expect(await send(stack, { documentId: 'name-1' })).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
  });
});
