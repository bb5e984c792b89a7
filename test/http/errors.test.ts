// The errors of bad requests of every kind, and of defects, which are masked and logged.

import { GraphQLFloat, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ERROR_CODES, GatewayError, UpstreamError, UserInputError } from '../../src/errors.js';
import { toFetch } from '../../src/http/fetch-adapter.js';
import { createTestHandler } from '../kit/http-handler.js';
import { sendQuery, startStack, TOKEN, type TestStack } from '../kit/gateway.js';

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';

describe('a bad request', () => {
  let stack: TestStack;
  let url = '';
  beforeAll(async () => {
    stack = await startStack();
    url = `${await stack.gateway.listen()}/graphql`;
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const post = (body: BodyInit, type: string | undefined = JSON_TYPE): RequestInit => ({
    method: 'POST',
    body,
    headers: { 'content-type': type },
  });
  const query = (text: string, more: object = {}): RequestInit => post(JSON.stringify({ query: text, ...more }));

  const withHeader = (init: RequestInit, name: string, value: string): RequestInit => ({
    ...init,
    headers: { ...(init.headers as object), [name]: value },
  });
  const GET: RequestInit = { method: 'GET', headers: { 'apollo-require-preflight': 'true' } };
  const NAMES_QUERY = 'query ($names: [String!]!) { workloadCosts(filter: { clusters: { names: $names } }) { asOf } }';

  test.each<[string, string, RequestInit, string?]>([
    ['an empty body', 'BAD_USER_INPUT', post('')],
    ['the body null', 'BAD_USER_INPUT', post('null')],
    ['a number as body', 'BAD_USER_INPUT', post('7')],
    ['a batch', 'BAD_USER_INPUT', post('[{"query":"{__typename}"}]')],
    ['truncated JSON', 'BAD_USER_INPUT', post('{"query":"{__type')],
    ['bytes that are no UTF-8', 'BAD_USER_INPUT', post(new Uint8Array([0xff, 0xfe, 0x7b]))],
    ['no query', 'BAD_USER_INPUT', post('{}')],
    ['a query that is no string', 'BAD_USER_INPUT', post('{"query":{}}')],
    ['variables that are a string', 'BAD_USER_INPUT', query('{__typename}', { variables: 'x' })],
    ['variables that are a list', 'BAD_USER_INPUT', query('{__typename}', { variables: [] })],
    ['extensions that are a number', 'BAD_USER_INPUT', query('{__typename}', { extensions: 1 })],
    ['an unknown parameter', 'BAD_USER_INPUT', query('{__typename}', { querry: 'x' })],
    ['an unknown operation name', 'BAD_USER_INPUT', query('query A {__typename}', { operationName: 'B' })],
    ['two operations and no name', 'BAD_USER_INPUT', query('query A {__typename} query B {__typename}')],
    ['a syntax error', 'GRAPHQL_PARSE_FAILED', query('{')],
    ['an unknown field', 'GRAPHQL_VALIDATION_FAILED', query('{ cost }')],
    ['a mutation', 'BAD_USER_INPUT', query('mutation { a }')],
    ['a subscription', 'BAD_USER_INPUT', query('subscription { a }')],
    ['@defer', 'GRAPHQL_VALIDATION_FAILED', query('{ ... @defer { __typename } }')],
    ['a fragment cycle', 'GRAPHQL_VALIDATION_FAILED', query('{ ...a } fragment a on Query { ...a }')],
    ['the method PUT', 'METHOD_NOT_ALLOWED', { ...query('{__typename}'), method: 'PUT' }],
    ['the method DELETE', 'METHOD_NOT_ALLOWED', { method: 'DELETE' }],
    ['a body over 2 MiB', 'REQUEST_ENTITY_TOO_LARGE', query(`#${'x'.repeat(2_097_152)}\n{__typename}`)],
    ['51 wrong values', 'BAD_USER_INPUT', query(NAMES_QUERY, { variables: { names: Array(51).fill(null) } })],
    ['a document nested 3,000 deep', 'MAX_TOKENS_LIMIT', query('{a'.repeat(3000) + '}'.repeat(3000))],
    ['a literal nested 3,000 deep', 'MAX_DEPTH_LIMIT', query(`{a(b:${'['.repeat(3000)}${']'.repeat(3000)})}`)],
    ['a form body', 'UNSUPPORTED_MEDIA_TYPE', post('query={__typename}', 'application/x-www-form-urlencoded')],
    ['a bare document', 'UNSUPPORTED_MEDIA_TYPE', post('{__typename}', 'application/graphql')],
    ['an unknown encoding', 'UNSUPPORTED_MEDIA_TYPE', withHeader(query('{__typename}'), 'content-encoding', 'zstd')],
    ['the content type text/plain', 'UNSUPPORTED_MEDIA_TYPE', post('{"query":"{__typename}"}', 'text/plain')],
    ['a multipart body', 'UNSUPPORTED_MEDIA_TYPE', post('--x--', 'multipart/form-data; boundary=x')],
    ['invalid JSON variables in the URL', 'BAD_USER_INPUT', GET, '?query={__typename}&variables={'],
    ['no query in the URL', 'BAD_USER_INPUT', GET, '?'],
  ])('with %s is %s, for both media types', async (_name, code, init, search = '') => {
    for (const accept of [GRAPHQL_TYPE, JSON_TYPE]) {
      const response = await fetch(url + search, { ...init, headers: { accept, ...(init.headers as object) } });
      const { errors, ...rest } = (await response.json()) as { errors: { message: string; extensions: object }[] };
      expect(rest).toEqual({});
      expect(errors[0]).toMatchObject({
        message: expect.stringMatching(/\S/) as string,
        extensions: { code, retryable: false, requestId: response.headers.get('x-request-id') },
      });
      expect(errors[0]?.extensions).not.toHaveProperty('http');
      const status: number = ERROR_CODES[code as 'BAD_USER_INPUT'].status;
      // An invalid document in a valid request is 200 for application/json.
      const isAboutDocument = code === 'GRAPHQL_PARSE_FAILED' || code === 'GRAPHQL_VALIDATION_FAILED';
      expect(response.status).toBe(isAboutDocument && accept === JSON_TYPE ? 200 : status);
      if (status === 405) expect(response.headers.get('allow')).toBe('GET, POST');
    }
    expect(stack.received).toHaveLength(0);
  });

  test.each(['[', 'a b', '%%', 'a/b'])('with the Host %j is BAD_USER_INPUT', async (host) => {
    const { status, text: response } = await sendRaw(
      `GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(status).toBe(400);
    expect(response).toContain('"code":"BAD_USER_INPUT"');
    expect(response).not.toMatch(/\bat .*:\d+|TypeError/);
  });

  test('does not include a target in absolute form, as sent to a proxy', async () => {
    const target = 'http://127.0.0.1:4000/health/live';
    const { status } = await sendRaw(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nConnection: close\r\n\r\n`);
    expect(status).toBe(200);
  });

  test('over the size limit closes its connection, and the rest is not read', async () => {
    const response = await fetch(url, query('x'.repeat(2_097_152)));
    expect(response.status).toBe(413);
    expect(response.headers.get('connection')).toBe('close');
  });

  /** The server's response to these bytes, until it closes. */
  async function sendRaw(bytes: string): Promise<{ readonly status: number; readonly text: string }> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.end(bytes);
    const response = await text(socket);
    return { status: Number(response.split(' ')[1]), text: response };
  }

  test('with an unsupported media type in Accept is NOT_ACCEPTABLE', async () => {
    const response = await fetch(url, {
      ...query('{__typename}'),
      headers: { accept: 'text/csv', 'content-type': JSON_TYPE },
    });
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] });
  });

  test('does not show the suggestion for a long value', async () => {
    const variables = { filter: { last: 'x'.repeat(100_000) } };
    const { errors } = await stack.send(
      'query($filter: WorkloadCostsFilter) { workloadCosts(filter: $filter) { asOf } }',
      variables,
    );
    expect(errors[0]?.message.length).toBeLessThan(600);
    expect(errors[0]?.message).toMatch(
      /^Variable "\$filter" got invalid value .* … .*at "filter\.last"; CostDuration must be/,
    );
  });

  test('does not allow another origin', async () => {
    const headers = { 'content-type': JSON_TYPE, origin: 'https://evil.test' };
    const response = await fetch(url, { ...query('{__typename}'), headers });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('an error of a field', () => {
  const CANARY = 'canary-of-a-defect';
  const fail = (error: () => unknown) => ({
    type: GraphQLString,
    resolve: () => {
      throw error();
    },
  });
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        fine: { type: GraphQLString, resolve: () => 'fine' },
        defect: fail(() => new TypeError(CANARY)),
        thrownText: fail(() => CANARY),
        notANumber: { type: GraphQLFloat, resolve: () => CANARY },
        nullInside: {
          type: new GraphQLObjectType({ name: 'Inner', fields: { a: { type: new GraphQLNonNull(GraphQLString) } } }),
          resolve: () => ({ a: null }),
        },
        upstream: fail(() => new UpstreamError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 1500, reason: 'HTTP 429' })),
        input: fail(() => new UserInputError('filter.x', 'must be y.')),
      },
    }),
  });
  const log: string[] = [];
  const logger = pino({ level: 'trace', base: null }, { write: (line: string) => log.push(line) });
  const fetch = toFetch(createTestHandler({ schema, logger, settings: { federation: false } }));
  const respond = (query: string) => sendQuery(fetch, query);

  test.each(['defect', 'thrownText', 'notANumber', 'nullInside { a }'])(
    'that is a defect (%s) is masked, and logged without its text',
    async (field) => {
      log.length = 0;
      const { status, data, errors, text } = await respond(`{ fine ${field} }`);
      expect({ status, fine: data.fine }).toEqual({ status: 200, fine: 'fine' });
      expect(errors).toMatchObject([
        {
          message: 'The gateway failed unexpectedly.',
          extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false },
        },
      ]);
      expect(text + log.join('')).not.toContain(CANARY);
      expect(text).not.toMatch(/\bat .*:\d+/);
      const [defect, operation] = log.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(defect).toMatchObject({
        level: 50,
        msg: 'unexpected error',
        requestId: errors[0]?.extensions.requestId,
      });
      expect(operation).toMatchObject({ level: 50, msg: 'operation', errorCodes: ['INTERNAL_SERVER_ERROR'] });
    },
  );

  test('with a known cause has its code, and leaves the other fields and the status unchanged', async () => {
    log.length = 0;
    const { status, data, errors } = await respond('{ fine upstream input }');
    expect({ status, data }).toEqual({ status: 200, data: { fine: 'fine', upstream: null, input: null } });
    expect(errors).toMatchObject([
      {
        path: ['upstream'],
        message: 'ScaleOps limits the rate of requests.',
        extensions: { code: 'UPSTREAM_RATE_LIMITED', retryable: true, retryAfterMs: 1500 },
      },
      { path: ['input'], message: 'filter.x must be y.', extensions: { code: 'BAD_USER_INPUT', retryable: false } },
    ]);
    expect(JSON.parse(log[0]!)).toMatchObject({
      errorCodes: ['UPSTREAM_RATE_LIMITED', 'BAD_USER_INPUT'],
      errorReasons: ['HTTP 429'],
    });
  });
});

test('a GatewayError without its own message has the message of its code', () => {
  for (const code of Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]) {
    expect(new GatewayError(code).message).toBe(ERROR_CODES[code].message);
    expect(new GatewayError(code).message).not.toContain(TOKEN);
  }
});
