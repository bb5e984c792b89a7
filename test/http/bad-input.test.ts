// Bad input over real sockets and for both media types: each gets an immediate error response with a status below 500, without a call to ScaleOps. Other files test these inputs:
//
// bodies: empty, null, number, list, truncated, no UTF-8, too large, gzip → errors · wrong length → "malformed HTTP"
// content types: text, form, multipart → errors · none, unusual ones of a GET → "a request" · methods: PUT, DELETE → errors,
//   the others → "a request" · GET of a mutation → "a request", with variables that are no JSON → errors
// query missing or no string → errors · variables and operationName of every kind → "a request"
// tokens, depth, aliases, root fields, directives, fragments → document-limits, and their CPU time → "a flood"
// overlapping and unknown fields → "a flood" · @defer, subscription → errors
// Int 2^31, NaN, enums, null in lists → reports-api, filters · lists of 10,000 → "an input"
// dates, durations → filters, the rest of them → "an input" · first -1, 0 → reports-api, 10^9 → "an input" · cursors → reports-api
// filters with CRLF → filters, 1 MB → reports-api, ../ , = → "an input" · _entities → representations
// header games → "malformed HTTP", "a header", csrf, forward

import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { statusOf, type ErrorCode } from '../../src/errors.js';
import { startStack, type TestStack } from '../kit/gateway.js';
import { exchange, parseResponses, type HttpResponse } from '../kit/clients/raw-responses.js';
import { assertUpstreamRequest } from '../kit/formats/openapi.js';

const ACCEPTED = ['application/graphql-response+json', 'application/json'] as const;
const EOL = '\r\n';
/** Generous for the slowest test machine. */
const MAX_FLOOD_MS = 1_500;

let stack: TestStack;
let url = '';
let port = 0;
beforeAll(async () => {
  // Floods must pass the token limit to reach the other limits.
  stack = await startStack({ env: { GATEWAY_MAX_TOKENS: '10000' } });
  url = `${await stack.gateway.listen()}/graphql`;
  port = Number(new URL(url).port);
});
afterEach(async () => {
  expect(stack.log.filter(({ level }) => Number(level) > 30)).toEqual([]);
  const { errors } = await stack.send('{ __typename }');
  expect(errors).toEqual([]);
});
afterAll(() => stack[Symbol.asyncDispose]());

type Refusal = [name: string, code: ErrorCode, init: RequestInit, more?: { search?: string; about?: 'document' }];

const JSON_HEADERS = { 'content-type': 'application/json' };
const PREFLIGHT = { 'apollo-require-preflight': 'true' };
/** JSON text that JSON.stringify would not write. */
const post = (text: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_HEADERS): RequestInit => ({
  method: 'POST',
  body: text,
  headers,
});
const body = (query: string, more = ''): RequestInit => post(`{"query":${JSON.stringify(query)}${more}}`);
const get = (headers: Record<string, string> = PREFLIGHT): RequestInit => ({ headers });

async function expectRefusal(
  code: ErrorCode,
  init: RequestInit,
  { search = '', about }: Refusal[3] = {},
): Promise<void> {
  const callsBefore = stack.received.length;
  for (const accept of ACCEPTED) {
    const response = await fetch(url + search, { ...init, headers: { accept, ...(init.headers as object) } });
    const text = await response.text();
    const { errors, ...rest } = JSON.parse(text) as { errors: { message: string; extensions: object }[] };
    expect(rest).toEqual({});
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(/^.{5,700}$/s) as string,
      extensions: { code, retryable: false, requestId: response.headers.get('x-request-id') },
    });
    expect(text).not.toMatch(/node_modules|\.[jt]s:\d|127\.0\.0\.1/);
    // GraphQL over HTTP: 200 for application/json when the document or a variable is invalid.
    const isAbout = about === 'document' || code === 'GRAPHQL_PARSE_FAILED' || code === 'GRAPHQL_VALIDATION_FAILED';
    expect(response.status).toBe(isAbout && accept === 'application/json' ? 200 : statusOf(code));
  }
  expect(stack.received).toHaveLength(callsBefore);
}

describe('a request', () => {
  const VARIABLE =
    'query ($n: Int, $f: WorkloadCostsFilter) { workloadCosts(filter: $f) { rows(first: $n) { totalCount } } }';
  const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

  test.each<Refusal>([
    [
      'without a content type',
      'UNSUPPORTED_MEDIA_TYPE',
      post(new TextEncoder().encode('{"query":"{__typename}"}'), {}),
    ],
    [
      'with a content type that only starts like a valid one',
      'UNSUPPORTED_MEDIA_TYPE',
      post('{}', { 'content-type': 'application/jsonx' }),
    ],
    [
      'with a list of content types',
      'UNSUPPORTED_MEDIA_TYPE',
      post('{}', { 'content-type': 'text/plain, application/json' }),
    ],
    [
      'with a body that is not gzip, as declared',
      'BAD_USER_INPUT',
      post('{"query":"{__typename}"}', { ...JSON_HEADERS, 'content-encoding': 'gzip' }),
    ],
    [
      'with a body in an unsupported encoding',
      'UNSUPPORTED_MEDIA_TYPE',
      post('{"query":"{__typename}"}', { ...JSON_HEADERS, 'content-encoding': 'zstd' }),
    ],
    [
      'with a gzip body of 2 MiB of blanks',
      'REQUEST_ENTITY_TOO_LARGE',
      post(Uint8Array.from(gzipSync(' '.repeat(2_097_153))), { ...JSON_HEADERS, 'content-encoding': 'gzip' }),
    ],
    [
      'with a gzip body without content-encoding',
      'BAD_USER_INPUT',
      post(Uint8Array.from(gzipSync('{"query":"{__typename}"}'))),
    ],
    ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x'].map(
      (type): Refusal => [
        `by GET of ${type}`,
        'UNSUPPORTED_MEDIA_TYPE',
        get({ 'content-type': type }),
        { search: '?query={__typename}' },
      ],
    ),
    [
      'by GET of a page of another site',
      'CSRF_BLOCKED',
      get({ 'sec-fetch-site': 'cross-site' }),
      { search: '?query={__typename}' },
    ],
    ['by GET of a mutation', 'METHOD_NOT_ALLOWED', get(), { search: '?query=mutation{a}' }],
    ['by GET with variables that are a list', 'BAD_USER_INPUT', get(), { search: '?query={__typename}&variables=[]' }],
    [
      'by GET with extensions that are no JSON',
      'BAD_USER_INPUT',
      get(),
      { search: '?query={__typename}&extensions=x' },
    ],
    ['by PATCH', 'METHOD_NOT_ALLOWED', { ...body('{__typename}'), method: 'PATCH' }],
    ['of a query that is null', 'BAD_USER_INPUT', post('{"query":null}')],
    ['of a query that is a list', 'BAD_USER_INPUT', post('{"query":["{__typename}"]}')],
    ['of a query that is a number', 'BAD_USER_INPUT', post('{"query":1e999}')],
    ['of an empty query', 'GRAPHQL_PARSE_FAILED', post('{"query":""}')],
    ['of a blank query', 'GRAPHQL_PARSE_FAILED', post('{"query":" "}')],
    ['with the query in __proto__', 'BAD_USER_INPUT', post('{"__proto__":{"query":"{__typename}"}}')],
    ['with half a surrogate pair', 'GRAPHQL_PARSE_FAILED', post('{"query":"{ a(b: \\"\\ud83d\\") }"}')],
    ['with variables that are a number', 'BAD_USER_INPUT', body(VARIABLE, ',"variables":7')],
    ['with variables that are true', 'BAD_USER_INPUT', body(VARIABLE, ',"variables":true')],
    ['with an Int that is a text', 'BAD_USER_INPUT', body(VARIABLE, ',"variables":{"n":"1"}'), { about: 'document' }],
    ['with an Int that is a list', 'BAD_USER_INPUT', body(VARIABLE, ',"variables":{"n":[1,2]}'), { about: 'document' }],
    ['with an Int that is an object', 'BAD_USER_INPUT', body(VARIABLE, ',"variables":{"n":{}}'), { about: 'document' }],
    ['with an Int of 1e999', 'BAD_USER_INPUT', body(VARIABLE, ',"variables":{"n":1e999}'), { about: 'document' }],
    [
      'with an object that is a text',
      'BAD_USER_INPUT',
      body(VARIABLE, ',"variables":{"f":"a"}'),
      { about: 'document' },
    ],
    [
      'with a variable 5,000 deep',
      'BAD_USER_INPUT',
      body(VARIABLE, `,"variables":{"f":${deep(5_000)}}`),
      { about: 'document' },
    ],
    [
      'with variables of __proto__',
      'BAD_USER_INPUT',
      body(
        'query ($n: Int!) { workloadCosts { rows(first: $n) { totalCount } } }',
        ',"variables":{"__proto__":{"n":1}}',
      ),
      { about: 'document' },
    ],
    ['with an operationName that is a number', 'BAD_USER_INPUT', body('{__typename}', ',"operationName":7')],
    ['with an operationName that is an object', 'BAD_USER_INPUT', body('{__typename}', ',"operationName":{}')],
    [
      'with the name of an object property as operationName',
      'BAD_USER_INPUT',
      body('query A {__typename}', ',"operationName":"__proto__"'),
    ],
    ['with @stream', 'GRAPHQL_VALIDATION_FAILED', body('{ workloadCosts { clusters @stream } }')],
    ['with type system definitions', 'GRAPHQL_VALIDATION_FAILED', body('type Query { a: Int } { __typename }')],
  ])('%s is refused as %s', async (_name, code, init, more) => {
    await expectRefusal(code, init, more);
  });

  test('with unknown variables 5,000 levels deep, or named like methods of objects, succeeds', async () => {
    const extra = `{"extra":${deep(5_000)},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`;
    for (const accept of ACCEPTED) {
      const init = body('{ __proto__: __typename constructor: __typename }', `,"variables":${extra}`);
      const response = await fetch(url, { ...init, headers: { ...JSON_HEADERS, accept } });
      expect(await response.text()).toBe('{"data":{"__proto__":"Query","constructor":"Query"}}');
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }
  });

  test.each([
    ['OPTIONS', 405],
    ['HEAD', 405],
    ['TRACE', 405],
    ['QUERY', 405],
  ])('by %s gets status %i', async (method, status) => {
    const [response] = await send(
      `${method} /graphql HTTP/1.1${EOL}Host: localhost${EOL}Connection: close${EOL}${EOL}`,
    );
    expect(response?.status).toBe(status);
  });
});

describe('an input', () => {
  const send = async (query: string, variables: unknown): Promise<readonly unknown[]> => {
    const responses = [];
    for (const accept of ACCEPTED) responses.push(await stack.send(query, variables, { headers: { accept } }));
    return responses.map(({ status, errors, data }) => ({ status, data: data as unknown, errors }));
  };
  const AGGREGATED = 'query ($f: AggregatedCostsFilter) { report: aggregatedCosts(filter: $f) { clusters } }';
  const between = (from: string, to: string) => ({ timeRange: { between: { from, to } } });
  const many = (item: unknown): unknown[] => Array(10_000).fill(item) as unknown[];

  test.each<[string, unknown, string]>([
    ['of 10,000 clusters', { clusters: many('a') }, 'filter.clusters must have at most 1000 entries, and has 10000.'],
    [
      'of 10,000 labels',
      { groupBy: { labels: many('a') } },
      'filter.groupBy.labels must have at most 1000 entries, and has 10000.',
    ],
    [
      'of the year 0',
      between('0000-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
      'filter.timeRange.between.from must be in the years 2000 to 2100.',
    ],
    [
      'of a hundred years',
      between('2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z'),
      'filter.timeRange.between must cover at most ten years.',
    ],
    [
      'of a month from its end to its beginning',
      between('2026-02-01T00:00:00Z', '2026-01-01T00:00:00Z'),
      'filter.timeRange.between must have `from` before `to`.',
    ],
    [
      'of a name of 100 kB',
      { clusters: ['a'.repeat(100_000)] },
      'filter.clusters[0] must have at most 253 characters.',
    ],
    ['of a header in a name', { tags: ['a\r\nx-evil: 1'] }, 'filter.tags[0] must not contain control characters.'],
  ])('that is %s is an error of its field, without a call to ScaleOps', async (_name, f, message) => {
    const callsBefore = stack.received.length;
    expect(await send(AGGREGATED, { f })).toMatchObject(
      ACCEPTED.map(() => ({
        status: 200,
        data: { report: null },
        errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }],
      })),
    );
    expect(stack.received).toHaveLength(callsBefore);
  });

  test.each<[string, ErrorCode, string, string, 'document'?]>([
    ['a list of 10,000 nulls', 'BAD_USER_INPUT', AGGREGATED, JSON.stringify({ f: { clusters: many(null) } })],
    ['a list of 10,000 lists', 'BAD_USER_INPUT', AGGREGATED, JSON.stringify({ f: { clusters: many([]) } })],
    [
      'a page of 10^9 rows',
      'QUERY_TOO_COMPLEX',
      'query ($n: Int) { workloadCosts { rows(first: $n) { nodes { id } } } }',
      '{"n":1000000000}',
    ],
    [
      'a duration of 200 kB',
      'BAD_USER_INPUT',
      AGGREGATED,
      `{"f":{"timeRange":{"last":"${'9'.repeat(200_000)}d"}}}`,
      'document',
    ],
  ])('that is %s is refused as %s', async (_name, code, query, variables, about) => {
    await expectRefusal(code, body(query, `,"variables":${variables}`), about === undefined ? {} : { about });
  });

  test.each([
    '../../etc/passwd',
    'a,b',
    'a=b',
    'a&range=1d',
    '?x#y',
    '%0d%0a',
    '%00',
    "' OR 1=1 --",
    '${jndi:x}',
    '<b>',
    '😀',
    '__proto__',
  ])('that is the name %j is sent unchanged, as data', async (name) => {
    const query = 'query ($f: WorkloadCostsFilter) { workloadCosts(filter: $f) { rows { totalCount } } }';
    const callsBefore = stack.received.length;
    const f = { namespaces: { names: [name] }, labels: { labels: [{ key: 'team', value: name }] } };
    const response = { status: 200, errors: [], data: { workloadCosts: { rows: { totalCount: 0 } } } };
    expect(await send(query, { f })).toEqual([response, response]);
    expect(stack.received).toHaveLength(callsBefore + 1);
    const request = stack.received.at(-1)!;
    assertUpstreamRequest(request);
    expect(request).toMatchObject({
      path: '/detailedCostReport/getWorkloads',
      body: { namespaces: [name], labels: [`team=${name}`] },
    });
    expect([...request.query]).toEqual([]);
  });
});

// About 200 kB each, close to the size limit, where size makes it worse. The limit is CPU time for both media types
// together: the second refusal reuses nothing of the first.
describe('a flood', () => {
  const times = (count: number, make: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => make(at)).join(' ');
  const rows = (count: number, inner: (at: number) => string) =>
    `{ workloadCosts { ${times(count, (at) => `rows(first: 1) { nodes { ${inner(at)} } }`)} } }`;

  test.each<[string, ErrorCode, string]>([
    ['tokens', 'MAX_TOKENS_LIMIT', `{ ${times(60_000, () => 'id')} }`],
    ['the maximum number of tokens', 'MAX_ROOT_FIELDS_LIMIT', `{ ${times(9_990, () => 'id')} }`],
    ['marks', 'GRAPHQL_PARSE_FAILED', '{'.repeat(200_000)],
    ['comments', 'MAX_ROOT_FIELDS_LIMIT', `${'#\n'.repeat(60_000)}{ ${times(21, (at) => `a${at}: __typename`)} }`],
    ['blanks', 'GRAPHQL_PARSE_FAILED', ' \n,'.repeat(60_000)],
    ['levels', 'MAX_DEPTH_LIMIT', '{ a '.repeat(1_000) + '}'.repeat(1_000)],
    ['more levels', 'MAX_DEPTH_LIMIT', '{a'.repeat(4_900) + '}'.repeat(4_900)],
    ['levels of inline fragments', 'MAX_DEPTH_LIMIT', `${'{...'.repeat(1_600)}{ a }${'}'.repeat(1_600)}`],
    ['levels of a literal', 'MAX_DEPTH_LIMIT', `{ a(b: ${'['.repeat(1_500)}${']'.repeat(1_500)}) }`],
    ['aliases of a report', 'MAX_ROOT_FIELDS_LIMIT', `{ ${times(1_400, (at) => `a${at}: workloadCosts { asOf }`)} }`],
    [
      'aliases of its fields',
      'MAX_ALIASES_LIMIT',
      `{ workloadCosts { ${times(1_400, (at) => `a${at}: totals { rowCount }`)} } }`,
    ],
    ['fields of Query', 'MAX_ROOT_FIELDS_LIMIT', `{ ${times(4_900, () => '__typename')} }`],
    ['directives', 'QUERY_TOO_COMPLEX', `{ __typename ${times(1_400, () => '@skip(if: false)')} }`],
    ['unknown directives', 'QUERY_TOO_COMPLEX', `{ __typename ${times(4_900, (at) => `@d${at}`)} }`],
    [
      'directives of variables',
      'QUERY_TOO_COMPLEX',
      `query (${times(1_000, (at) => `$v${at}: Int @a @b`)}) { __typename }`,
    ],
    ['fragments', 'MAX_DEPTH_LIMIT', `{ ...f0 } ${times(900, (at) => `fragment f${at} on Query { ...f${at + 1} }`)}`],
    [
      'fragments with a fan-out of 2^20',
      'MAX_ROOT_FIELDS_LIMIT',
      `{ ...f0 } ${times(20, (at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`)} fragment f20 on Query { __typename }`,
    ],
    [
      'fragments in one cycle',
      'GRAPHQL_VALIDATION_FAILED',
      `{ ...f0 } ${times(100, (at) => `fragment f${at} on Query { ...f${(at + 1) % 100} }`)}`,
    ],
    [
      'fragments that spread each other',
      'QUERY_TOO_COMPLEX',
      `{ ...f0 } ${times(39, (at) => `fragment f${at} on Query { ${times(39, (to) => `...f${to}`)} }`)}`,
    ],
    [
      'spreads of one fragment',
      'GRAPHQL_VALIDATION_FAILED',
      `{ workloadCosts { ${times(4_800, () => '...f')} } } fragment f on CostReport { asof }`,
    ],
    ['fields that overlap', 'QUERY_TOO_COMPLEX', rows(760, () => 'id nothing')],
    [
      'arguments that differ',
      'QUERY_TOO_COMPLEX',
      `{ workloadCosts { ${times(1_000, (at) => `rows(first: ${at}) { totalCount }`)} } }`,
    ],
    ['unknown fields', 'GRAPHQL_VALIDATION_FAILED', `{ workloadCosts { ${times(9_900, (at) => `total${at}`)} } }`],
    [
      'long unknown fields',
      'GRAPHQL_VALIDATION_FAILED',
      `{ workloadCosts { ${times(190, (at) => `${'totalCost'.repeat(110)}${at}`)} } }`,
    ],
    [
      'unknown arguments',
      'GRAPHQL_VALIDATION_FAILED',
      `{ workloadCosts(${times(3_200, (at) => `filtre${at}: 1`)}) { asOf } }`,
    ],
    [
      'unknown variables',
      'GRAPHQL_VALIDATION_FAILED',
      `{ __type(name: [${times(4_900, (at) => `$v${at}`)}]) { name } }`,
    ],
    ['unused variables', 'GRAPHQL_VALIDATION_FAILED', `query (${times(2_400, (at) => `$v${at}: Int`)}) { __typename }`],
    [
      'wrong values',
      'GRAPHQL_VALIDATION_FAILED',
      `{ workloadCosts(filter: { clusters: { names: [${times(9_900, () => '1')}] } }) { asOf } }`,
    ],
    [
      'unknown enums',
      'GRAPHQL_VALIDATION_FAILED',
      `{ workloadCosts { rows(orderBy: [${times(1_900, (at) => `{ field: TOTAL${at} }`)}]) { totalCount } } }`,
    ],
    [
      'unknown types',
      'GRAPHQL_VALIDATION_FAILED',
      `query (${times(2_400, (at) => `$v${at}: Costs${at}`)}) { __typename }`,
    ],
    ['operations', 'GRAPHQL_VALIDATION_FAILED', times(1_600, () => 'query Q { __typename }')],
    [
      'fragments on unknown types',
      'QUERY_TOO_COMPLEX',
      `{ workloadCosts { ${times(20, (at) => `...f${at}`)} ${times(1_000, (at) => `... on Costs${at} { a }`)} } } ${times(20, (at) => `fragment f${at} on Report${at} { a }`)}`,
    ],
  ])('of %s is refused at once, as %s', async (_name, code, query) => {
    const cpu = process.cpuUsage();
    await expectRefusal(code, body(query));
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1000).toBeLessThan(MAX_FLOOD_MS);
  });
});

describe('malformed HTTP', () => {
  const QUERY = '{"query":"{__typename}"}';
  const HEAD = `POST /graphql HTTP/1.1${EOL}Host: localhost${EOL}Content-Type: application/json${EOL}`;
  const HIDDEN = `GET /graphql?query={hidden:__typename} HTTP/1.1${EOL}Host: localhost${EOL}X-Requested-With: x${EOL}Connection: close${EOL}${EOL}`;
  const GOOD = `Content-Length: ${QUERY.length}${EOL}${EOL}${QUERY}`;
  const chunked = `2${EOL}${QUERY.slice(0, 2)}${EOL}${(QUERY.length - 2).toString(16)}${EOL}${QUERY.slice(2)}${EOL}0${EOL}${EOL}`;
  const TE = 'Transfer-Encoding: chunked';

  test.each<[string, string, readonly number[]]>([
    ['a length that is too long', `${HEAD}Content-Length: 9999${EOL}${EOL}${QUERY}`, [400]],
    ['a length that is too short', `${HEAD}Content-Length: 5${EOL}${EOL}${QUERY}`, [400]],
    ['a negative length', `${HEAD}Content-Length: -1${EOL}${EOL}${QUERY}`, [400]],
    ['a length in hexadecimal', `${HEAD}Content-Length: 0x18${EOL}${EOL}${QUERY}`, [400]],
    ['a length beyond all integers', `${HEAD}Content-Length: 99999999999999999999${EOL}${EOL}${QUERY}`, [400]],
    ['two lengths', `${HEAD}Content-Length: 0${EOL}${GOOD}${HIDDEN}`, [400]],
    ['two lengths in one header', `${HEAD}Content-Length: 24, 24${EOL}${EOL}${QUERY}${HIDDEN}`, [400]],
    ['a length and chunks', `${HEAD}Content-Length: 4${EOL}${TE}${EOL}${EOL}${chunked}${HIDDEN}`, [400]],
    ['chunks and a length', `${HEAD}${TE}${EOL}Content-Length: 0${EOL}${EOL}${chunked}${HIDDEN}`, [400]],
    ['an unknown transfer encoding', `${HEAD}Transfer-Encoding: xchunked${EOL}${EOL}${chunked}${HIDDEN}`, [400]],
    [
      'a transfer encoding whose name ends with a blank',
      `${HEAD}Transfer-Encoding : chunked${EOL}${EOL}${chunked}${HIDDEN}`,
      [400],
    ],
    ['chunks with an invalid size', `${HEAD}${TE}${EOL}${EOL}zz${EOL}${QUERY}${EOL}0${EOL}${EOL}`, [400]],
    ['a chunk that is cut short', `${HEAD}${TE}${EOL}${EOL}ff${EOL}${QUERY}`, [400]],
    ['a chunk with an endless extension', `${HEAD}${TE}${EOL}${EOL}5;${'x'.repeat(20_000)}${EOL}`, [413]],
    ['a folded header', `${HEAD}X-Folded: a${EOL} b${EOL}${GOOD}`, [400]],
    ['a header without a name', `${HEAD}: a${EOL}${GOOD}`, [400]],
    ['a header with a NUL', `${HEAD}X-Nul: a\0b${EOL}${GOOD}`, [400]],
    ['headers of 70 kB', `${HEAD}X-Long: ${'a'.repeat(70_000)}${EOL}${GOOD}`, [431]],
    [
      '3,000 headers of 30 kB',
      HEAD + Array.from({ length: 3_000 }, (_, at) => `X-${at}: 1${EOL}`).join('') + GOOD,
      [431],
    ],
    ['no Host', `POST /graphql HTTP/1.1${EOL}Content-Type: application/json${EOL}${GOOD}`, [400]],
    ['two Hosts', `${HEAD}Host: other${EOL}${GOOD}`, [400]],
    ['HTTP/2 without negotiation', `PRI * HTTP/2.0${EOL}${EOL}SM${EOL}${EOL}`, [400]],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
    ['an unknown method', `FROB /graphql HTTP/1.1${EOL}Host: localhost${EOL}${EOL}`, [400]],
    ['a target of 70 kB', `GET /graphql?query=${'a'.repeat(70_000)} HTTP/1.1${EOL}Host: localhost${EOL}${EOL}`, [431]],
    ['an unmet expectation', `${HEAD}Expect: miracles${EOL}${GOOD}`, [417]],
  ])('by %s gets a 4xx status and nothing else', async (_name, bytes, statuses) => {
    for (const accept of ACCEPTED) {
      const responses = await send(bytes.replace(EOL, `${EOL}Accept: ${accept}${EOL}`));
      expect(responses.map(({ status }) => status)).toEqual(statuses);
      const text = responses.map((response) => response.text).join('');
      expect(text).not.toContain('hidden');
      expect(text).not.toMatch(/\bat |\.[jt]s:|HPE_/);
    }
  });

  test('by CONNECT is closed', async () => {
    expect(await send(`CONNECT evil.test:443 HTTP/1.1${EOL}Host: evil.test:443${EOL}${EOL}`)).toEqual([]);
  });

  test('among several requests on one connection affects no other request', async () => {
    const [last, first] = [`Connection: close${EOL}${GOOD}`, `${TE}${EOL}${EOL}${chunked}`];
    const responses = parseResponses(
      await exchange(
        port,
        `${HEAD}${first}${HEAD}${GOOD}${HEAD}Content-Length: 1${EOL}${EOL}{${HEAD}${last}`,
        'keep open',
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 400, 200]);
    expect(responses.filter(({ status }) => status === 200).map(({ text }) => text)).toEqual(
      Array(3).fill('{"data":{"__typename":"Query"}}'),
    );
  });
});

describe('a header', () => {
  test.each<[string, Record<string, string>]>([
    ['with an unusual request id', { 'x-request-id': '<script>alert(1)</script>' }],
    ['with a request id of 10 kB', { 'x-request-id': 'a'.repeat(10_000) }],
    ['with the name of an object property', { __proto__x: 'a', constructor: 'b' }],
    ['with a method override', { 'x-http-method-override': 'DELETE', 'x-method-override': 'PUT' }],
    [
      'with a forwarded address',
      { 'x-forwarded-host': 'evil.test', 'x-original-url': '/admin', forwarded: 'host=evil.test' },
    ],
    ['with an invalid trace', { traceparent: '00-zz-zz-zz', tracestate: '=,=', baggage: ';;;' }],
    ['with invalid cache directives', { 'cache-control': ',,=;no-cache="', 'if-none-match': '*' }],
    ['with unused credentials', { authorization: 'Basic eDp5', cookie: 'a=b; __proto__=c' }],
    ['with invalid encodings', { 'accept-encoding': 'gzip;q=x, *;q=-1', 'accept-language': '*'.repeat(1_000) }],
  ])('%s has no effect and is not repeated in the response', async (_name, headers) => {
    for (const accept of ACCEPTED) {
      const response = await fetch(url, { ...body('{__typename}'), headers: { ...JSON_HEADERS, accept, ...headers } });
      expect([response.status, await response.text()]).toEqual([200, '{"data":{"__typename":"Query"}}']);
      const written = [...response.headers].join();
      for (const value of Object.values(headers)) if (value.length > 1) expect(written).not.toContain(value);
    }
  });

  test('Accept without a supported media type is NOT_ACCEPTABLE, in every spelling', async () => {
    for (const accept of ['text/csv', 'application/xml, image/*', 'x']) {
      const response = await fetch(url, { ...body('{__typename}'), headers: { ...JSON_HEADERS, accept } });
      expect([accept, response.status]).toEqual([accept, 406]);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] });
    }
  });
});

async function send(bytes: string): Promise<HttpResponse[]> {
  return parseResponses(await exchange(port, bytes));
}
