// One operation in every request form: the same data, headers and compression, from one upstream request.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { hashOf } from '../kit/clients/persisted-query.js';
import { NO_TIMER } from '../kit/gateway.js';
import { cacheHitsOf, send, startServer, type HttpRequestOptions, type HttpReply } from '../kit/clients/http-client.js';

const FIELDS = 'asOf rows(first: $first) { totalCount nodes { id workloadName labels { key value } totalCost share } }';
const query = `query Costs($first: Int = 30) { workloadCosts(filter: { multiCluster: true }) { ${FIELDS} } }`;
const withLiterals = query.replace('($first: Int = 30)', '').replace('$first', '30');
const two = `${query} query Other { __typename }`;

const persisted = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } });
const clientLibrary = { clientLibrary: { name: '@apollo/client', version: '4.0.0' } };
const variables = { first: 30 };
const toSearch = (parameters: object): string => {
  const texts = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return `?${new URLSearchParams(texts).toString()}`;
};
const get = (parameters: object): HttpRequestOptions => ({ method: 'GET', path: `/graphql${toSearch(parameters)}` });
const encoded = (encoding: string, encode: (body: string) => Buffer): HttpRequestOptions => ({
  headers: { 'content-encoding': encoding },
  body: encode(JSON.stringify({ query })),
});

const FORMS: Readonly<Record<string, HttpRequestOptions>> = {
  'POST text': { body: { query } },
  'POST text again': { body: { query } },
  'POST text for the third time': { body: { query } },
  'POST with extensions.clientLibrary': { body: { query, extensions: clientLibrary } },
  'POST with operationName': { body: { query, operationName: 'Costs' } },
  'POST with one operation of two': { body: { query: two, operationName: 'Costs' } },
  'POST with variables': { body: { query, variables } },
  'POST with literals': { body: { query: withLiterals } },
  'POST with nulls': { body: { query, variables: null, operationName: null, extensions: null } },
  'POST with text and hash': { body: { query, extensions: persisted(query) } },
  'POST with the hash alone': { body: { extensions: { ...persisted(query), ...clientLibrary } } },
  'GET with text': get({ query }),
  'GET with variables': get({ query, variables }),
  'GET with extensions': get({ query, extensions: clientLibrary }),
  'GET with the hash': get({ extensions: persisted(query), operationName: 'Costs' }),
  'POST with no-cache': { headers: { 'cache-control': 'no-cache' }, body: { query } },
  'POST to /graphql/': { path: '/graphql/', body: { query } },
  'GET of /graphql/': { method: 'GET', path: `/graphql/${toSearch({ query })}` },
  'a gzip body': encoded('gzip', gzipSync),
  'a deflate body': encoded('deflate', deflateSync),
  'a Brotli body': encoded('br', brotliCompressSync),
  'a body in chunks': { body: [Buffer.from('{"query":'), Buffer.from(JSON.stringify(query)), Buffer.from('}')] },
  'a media type with charset': { headers: { 'content-type': 'application/json ; charset=utf-8' }, body: { query } },
  'accept: application/graphql-response+json': {
    headers: { accept: 'application/graphql-response+json' },
    body: { query },
  },
  'accept: text/event-stream': { headers: { accept: 'text/event-stream' }, body: { query } },
};

/** Only with a list of trusted documents. */
const BY_ID: Readonly<Record<string, HttpRequestOptions>> = {
  'POST with documentId': { body: { documentId: 'costs' } },
  'POST with documentId and variables': { body: { documentId: 'costs', variables } },
  'GET with documentId': get({ documentId: 'costs' }),
  'POST with documentId and extensions': { body: { documentId: 'costs', extensions: clientLibrary } },
};

const folder = mkdtempSync(join(tmpdir(), 'gateway-forms-'));
const list = join(folder, 'documents.json');
writeFileSync(list, JSON.stringify({ costs: query, literals: withLiterals, two }));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SERVERS = [
  ['any document', {}, FORMS],
  ['trusted documents', { GATEWAY_TRUSTED_DOCUMENTS: list }, { ...FORMS, ...BY_ID }],
] as const;

/** The JSON of a response, without the framing of an event stream. */
function jsonOf({ text, headers }: HttpReply): string {
  if (!headers['content-type']?.startsWith('text/event-stream')) return text;
  return /^event: next\ndata: (.*)\n\nevent: complete\ndata:\n\n$/.exec(text)?.[1] ?? text;
}

/** The headers, except headers that differ between responses or depend on the encoding. */
function commonHeadersOf({ headers }: HttpReply): object {
  const { date, etag, 'x-request-id': id, 'content-length': length, 'content-type': type, ...common } = headers;
  return common;
}

describe.each(SERVERS)('a gateway for %s', (_, env, forms) => {
  test.each(['gzip', 'br', 'gzip, deflate, br', 'identity'])(
    'responds to every request form alike for a client that accepts %s',
    async (acceptEncoding) => {
      const { stack, url } = await startServer({ clock: createManualClock(), env: { ...NO_TIMER, ...env } });
      const replies: Record<string, HttpReply> = {};
      for (const [name, form] of Object.entries(forms)) {
        const headers = { accept: 'application/json', 'accept-encoding': acceptEncoding, ...form.headers };
        replies[name] = await send(url, { ...form, headers });
      }
      const first = replies['POST text']!;
      expect(JSON.parse(first.text).data.workloadCosts.rows.nodes).toHaveLength(30);
      for (const [name, reply] of Object.entries(replies)) {
        expect([name, reply.status]).toEqual([name, 200]);
        expect(jsonOf(reply), name).toBe(first.text);
        const { 'content-encoding': encoding, ...rest } = commonHeadersOf(reply) as Record<string, unknown>;
        const { 'content-encoding': __, ...expected } = commonHeadersOf(first) as Record<string, unknown>;
        expect(rest, name).toEqual(expected);
        expect(toAccepted(acceptEncoding), name).toContain(encoding);
        expect(reply.headers['content-length'], name).toBe(String(reply.bytes.length));
      }
      expect(stack.received).toHaveLength(1);
    },
  );
});

/** The encodings for a client that accepts these; Brotli for cached responses, gzip for others. */
function toAccepted(acceptEncoding: string): readonly (string | undefined)[] {
  return acceptEncoding === 'identity' ? [undefined] : acceptEncoding.split(', ');
}

test('an operation that was cached in one form is served from the response cache in the others', async () => {
  const { stack, url } = await startServer({ env: { GATEWAY_TRUSTED_DOCUMENTS: list } });
  const known = ['POST text', 'POST text again'] as const;
  const others = Object.entries({ ...FORMS, ...BY_ID }).filter(
    ([name]) => !known.some((each) => each === name) && !/literals|of two|no-cache|event-stream|again|third/.test(name),
  );
  for (const name of known) await send(url, FORMS[name]!);
  for (const [, form] of others) await send(url, form);
  expect(others.length).toBeGreaterThanOrEqual(16);
  expect(cacheHitsOf(stack)).toEqual([false, false, ...others.map(() => true)]);
  expect(stack.received).toHaveLength(1);
});

test('a hash is unknown until a client has sent the text with it', async () => {
  const { url } = await startServer();
  const byHash = { body: { extensions: persisted(query) } };
  expect(JSON.parse((await send(url, byHash)).text).errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
  await send(url, { body: { query, extensions: persisted(query) } });
  expect(JSON.parse((await send(url, byHash)).text).data.workloadCosts.rows.nodes).toHaveLength(30);
});
