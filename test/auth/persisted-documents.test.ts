// Operations with an id: trusted documents, which exclude all others, and documents that clients register with their
// hash.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/settings/reader.js';
import { hashOf } from '../kit/clients/persisted-query.js';
import { startStack, type GraphqlResponse, type TestStack } from '../kit/gateway.js';

const folder = mkdtempSync(join(tmpdir(), 'gateway-documents-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const TOTALS = 'query Totals { workloadCosts(filter: { multiCluster: true }) { totals { rowCount } } }';
const CLUSTERS = 'query Clusters($last: CostDuration) { workloadCosts(filter: { last: $last }) { clusters } }';
const persisted = (sha256Hash: unknown, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash } });

function writeList(content: unknown): string {
  const file = join(folder, `${hashOf(JSON.stringify(content)).slice(0, 12)}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Sends these parameters as the body. */
const send = (stack: TestStack, body: unknown): Promise<GraphqlResponse> =>
  stack.send('', undefined, { body: JSON.stringify(body) });

const codeOf = ({ status, errors: [error] }: GraphqlResponse) => [status, error?.extensions.code];

describe('with a list of trusted documents', () => {
  const CODEGEN = { totals: TOTALS, [hashOf(CLUSTERS)]: CLUSTERS };
  const APOLLO = {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [
      { id: 'totals', name: 'Totals', type: 'query', body: TOTALS },
      { id: hashOf(CLUSTERS), name: 'Clusters', type: 'query', body: CLUSTERS },
    ],
  };
  const trusting = (list: unknown) => startStack({ env: { GATEWAY_TRUSTED_DOCUMENTS: writeList(list) } });

  test.each([
    ['of GraphQL Code Generator', CODEGEN],
    ["of Apollo's tools", APOLLO],
  ])('%s, executes listed documents by id, hash, text and GET', async (_, list) => {
    await using stack = await trusting(list);
    const variables = { last: '3d' };
    const responses = await Promise.all([
      send(stack, { documentId: 'totals' }),
      send(stack, { documentId: `sha256:${hashOf(TOTALS)}` }),
      send(stack, { extensions: persisted(hashOf(TOTALS).toUpperCase()) }),
      send(stack, { query: TOTALS }),
      send(stack, { query: TOTALS, documentId: 'totals' }),
      send(stack, { documentId: hashOf(CLUSTERS), variables, operationName: 'Clusters' }),
    ]);
    expect(responses.flatMap(({ errors }) => errors)).toEqual([]);
    expect(responses.slice(0, 5).map(({ data }) => data.workloadCosts.totals.rowCount as number)).toEqual(
      Array(5).fill(50),
    );
    const url = 'http://gateway/graphql?documentId=totals';
    const headers = { accept: 'application/json', 'content-type': 'application/json', 'apollo-require-preflight': '1' };
    const got = await stack.gateway.fetch(new Request(url, { headers }));
    expect(await got.json()).toMatchObject({ data: { workloadCosts: { totals: { rowCount: 50 } } } });
    // Equal reports are one call.
    expect(stack.received).toHaveLength(2);
  });

  test.each<[string, object]>([
    ['another text', { query: '{ __typename }' }],
    ['a listed text with one more blank', { query: `${TOTALS} ` }],
    ['an unknown id', { documentId: 'other' }],
    ['a name that every object has', { documentId: 'constructor' }],
    ['an unknown hash', { extensions: persisted(hashOf('{ __typename }')) }],
    ['a listed id beside another text', { documentId: 'totals', query: '{ __typename }' }],
    ['a listed text beside the hash of another', { query: TOTALS, extensions: persisted(hashOf(CLUSTERS)) }],
    ['an empty request', {}],
    ['the introspection of a tool', { query: '{ __schema { types { name } } }' }],
  ])('refuses %s without a call to ScaleOps', async (_, body) => {
    await using stack = await trusting(CODEGEN);
    const response = await send(stack, body);
    expect(codeOf(response)).toEqual([400, 'PERSISTED_QUERY_NOT_IN_LIST']);
    expect(stack.received).toHaveLength(0);
  });

  test.each([null, 7, 'x', [], { documentId: ['totals'] }])('refuses the body %j', async (body) => {
    await using stack = await trusting(CODEGEN);
    expect(codeOf(await send(stack, body))).toEqual([400, 'BAD_USER_INPUT']);
  });

  test.each<[string, unknown, string]>([
    ['is no JSON', '{', 'must hold a JSON object'],
    ['is a list', [], 'must hold a JSON object'],
    ['lists nothing', {}, 'lists no document'],
    ['has a document that is no string', { a: 7 }, 'must hold a JSON object'],
    [
      'has a document that is no GraphQL',
      { a: TOTALS, canary: '{ canary' },
      'has a document, number 2, that is not valid GraphQL',
    ],
    ['has a document with an unknown field', { canary: '{ canary }' }, 'number 1, that is not valid for the schema'],
    ['has a manifest without operations', { format: 'apollo-persisted-query-manifest' }, 'must hold a JSON object'],
    [
      'has an id twice',
      { ...APOLLO, operations: [APOLLO.operations[0], { ...APOLLO.operations[1], id: 'totals' }] },
      'has an id twice',
    ],
  ])('does not start when the file %s', (_, content, problem) => {
    const env = {
      SCALEOPS_URL: 'https://scaleops.test',
      SCALEOPS_TOKEN: 'abc',
      GATEWAY_TRUSTED_DOCUMENTS: writeList(content),
      PORT: 'x',
    };
    const read = () => readConfig(env);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(problem);
    // All problems at once, and no content of the file.
    expect(read).toThrow('PORT');
    expect(read).not.toThrow('canary');
  });

  test('does not start when the file is missing', () => {
    const env = { SCALEOPS_URL: 'https://scaleops.test', SCALEOPS_TOKEN: 'abc', GATEWAY_TRUSTED_DOCUMENTS: '/canary' };
    expect(() => readConfig(env)).toThrow('GATEWAY_TRUSTED_DOCUMENTS names a file that cannot be read.');
    expect(() => readConfig(env)).not.toThrow('canary');
  });
});

describe('automatic persisted queries', () => {
  test('are refused with the message that clients expect, registered, and then executed by hash', async () => {
    await using stack = await startStack();
    const extensions = persisted(hashOf(TOTALS));
    const unknown = await send(stack, { extensions });
    expect(codeOf(unknown)).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
    const body = JSON.stringify({ extensions });
    const asJson = await stack.send('', undefined, { body, headers: { accept: 'application/json' } });
    expect(codeOf(asJson)).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
    expect(unknown.errors[0]!.message).toBe('PersistedQueryNotFound');
    expect(unknown.headers.get('cache-control')).toBe('no-store');
    expect((await send(stack, { query: TOTALS, extensions })).data.workloadCosts.totals.rowCount).toBe(50);
    expect((await send(stack, { extensions })).data.workloadCosts.totals.rowCount).toBe(50);
    expect(stack.received).toHaveLength(1);
  });

  test('are found by a hash in capitals, too', async () => {
    await using stack = await startStack();
    const capitals = persisted(hashOf(TOTALS).toUpperCase());
    expect((await send(stack, { query: TOTALS, extensions: capitals })).errors).toEqual([]);
    for (const extensions of [capitals, persisted(hashOf(TOTALS))]) {
      expect((await send(stack, { extensions })).data.workloadCosts.totals.rowCount).toBe(50);
    }
  });

  test('are refused with another hash, and not registered', async () => {
    await using stack = await startStack();
    const extensions = persisted(hashOf(CLUSTERS));
    expect(codeOf(await send(stack, { query: TOTALS, extensions }))).toEqual([400, 'BAD_USER_INPUT']);
    expect(codeOf(await send(stack, { extensions }))).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
  });

  test('are not registered while they are invalid', async () => {
    await using stack = await startStack();
    for (const query of ['{ nothing }', '{']) {
      const extensions = persisted(hashOf(query));
      expect((await send(stack, { query, extensions })).status).toBe(400);
      expect(codeOf(await send(stack, { extensions }))).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
    }
  });

  test.each<[string, object, string]>([
    ['for its variables', { last: 'never' }, 'BAD_USER_INPUT'],
    ['for its cost', { first: 1_000 }, 'QUERY_TOO_COMPLEX'],
  ])('are not registered by a request that is refused %s', async (_, variables, code) => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: '100' } });
    const query = `query ($first: Int = 1, $last: CostDuration) {
      workloadCosts(filter: { last: $last }) { rows(first: $first) { nodes { id } } }
    }`;
    const extensions = persisted(hashOf(query));
    expect(codeOf(await send(stack, { query, variables, extensions }))).toEqual([400, code]);
    expect(codeOf(await send(stack, { extensions }))).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
    expect((await send(stack, { query, extensions })).status).toBe(200);
    expect((await send(stack, { extensions })).status).toBe(200);
  });

  const VERSION = 'extensions.persistedQuery.version must be 1, as a number; or send query.';
  const MEMBERS =
    'extensions.persistedQuery must be {"version": 1, "sha256Hash": "<the SHA-256 hash of query>"}; or send query.';
  test.each<[string, object, string]>([
    ['version 2', persisted(hashOf(TOTALS), 2), VERSION],
    ['a version that is text', persisted(hashOf(TOTALS), '1'), VERSION],
    ['no version', { persistedQuery: { sha256Hash: hashOf(TOTALS) } }, VERSION],
    ['a hash that is no text', persisted(7), MEMBERS],
    ['an empty hash', persisted(''), MEMBERS],
    ['no object', { persistedQuery: hashOf(TOTALS) }, MEMBERS],
    ['null', { persistedQuery: null }, 'query must be given, as a string.'],
    [
      'a prototype',
      JSON.parse('{"__proto__":{"persistedQuery":{"version":1,"sha256Hash":"a"}}}') as object,
      'query must be given, as a string.',
    ],
  ])('are not looked up with %s', async (_, extensions, message) => {
    await using stack = await startStack();
    const response = await send(stack, { extensions });
    expect(codeOf(response)).toEqual([400, 'BAD_USER_INPUT']);
    expect(response.errors[0]!.message).toBe(message);
    // An operation that is sent in full is not refused for them.
    expect((await send(stack, { query: TOTALS, extensions })).errors).toEqual([]);
  });

  test('can be switched off', async () => {
    await using stack = await startStack({ env: { GATEWAY_APQ: 'off' } });
    expect(codeOf(await send(stack, { extensions: persisted(hashOf(TOTALS)) }))).toEqual([400, 'BAD_USER_INPUT']);
  });
});

test('without a list, an id of a document is refused with the name of the setting that it needs', async () => {
  await using stack = await startStack();
  const response = await send(stack, { documentId: 'totals' });
  expect(codeOf(response)).toEqual([400, 'BAD_USER_INPUT']);
  expect(response.errors[0]!.message).toContain('GATEWAY_TRUSTED_DOCUMENTS');
});
