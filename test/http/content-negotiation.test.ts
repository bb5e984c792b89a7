// Content negotiation (RFC 9110, section 12.5): the media type, encoding and framing of a response.

import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';
import { open, send, type HttpReply } from '../kit/clients/http-client.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';
const SSE_TYPE = 'text/event-stream';
const SHORT = '{ __typename }';
const LONG = '{ workloadCosts(filter: { multiCluster: true }) { rows { nodes { id workloadName totalCost } } } }';

let stack: TestStack;
let url = '';
beforeAll(async () => {
  stack = await startStack();
  url = await stack.gateway.listen();
});
afterAll(() => stack[Symbol.asyncDispose]());

const sendQuery = (query: string, headers: Record<string, string>): Promise<HttpReply> =>
  send(url, { body: { query }, headers });
const codeOf = ({ text }: HttpReply): unknown => JSON.parse(text).errors?.[0].extensions.code;

describe('the media type of a response', () => {
  test.each([
    ['*/*', JSON_TYPE],
    ['', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['application/graphql-response+json', GRAPHQL_TYPE],
    ['APPLICATION/GraphQL-Response+JSON', GRAPHQL_TYPE],
    ['application/graphql-response+json, application/json;q=0.9', GRAPHQL_TYPE],
    ['application/json;q=0.9, application/graphql-response+json', GRAPHQL_TYPE],
    ['application/graphql-response+json;q=0.5, application/json', JSON_TYPE],
    ['application/graphql-response+json;q=0, application/json', JSON_TYPE],
    ['application/graphql-response+json;q=0,*/*', JSON_TYPE],
    ['application/json;q=0, */*', GRAPHQL_TYPE],
    ['application/json ; q=0.0, application/*', GRAPHQL_TYPE],
    ['application/*;q=0.1', JSON_TYPE],
    ['text/html, */*;q=0.1', JSON_TYPE],
    ['multipart/mixed, application/json', JSON_TYPE],
    ['multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9', GRAPHQL_TYPE],
    ['application/json; charset=utf-8', JSON_TYPE],
    ['application/json;charset=utf-8;q=0.4, application/graphql-response+json;q=0.3', JSON_TYPE],
    ['text/event-stream', SSE_TYPE],
    ['Text/Event-Stream', SSE_TYPE],
    ['text/event-stream;q=0.1, application/json', JSON_TYPE],
    ['text/event-stream, application/json;q=0.5', SSE_TYPE],
    ['text/event-stream;q=0, */*', JSON_TYPE],
  ])('is, for accept %j, %j at the first and at the third request', async (accept, type) => {
    for (const query of [SHORT, LONG, LONG, LONG]) {
      const { status, headers } = await sendQuery(query, { accept });
      expect([status, headers['content-type']]).toEqual([200, type]);
    }
  });

  test.each(['multipart/mixed', 'text/plain', 'application/json;q=0', '*/*;q=0', 'application/json;q=nonsense', ','])(
    'is an error for accept %j: 406, in JSON',
    async (accept) => {
      for (const query of [SHORT, LONG, LONG, LONG]) {
        const reply = await sendQuery(query, { accept });
        expect([reply.status, reply.headers['content-type'], codeOf(reply)]).toEqual([
          406,
          JSON_TYPE,
          'NOT_ACCEPTABLE',
        ]);
      }
    },
  );
});

describe('the media type of a request', () => {
  test.each([
    'application/json',
    'application/json ; charset=utf-8',
    'application/json;charset="utf-8"',
    'Application/JSON; charset=UTF-8',
    'application/json; charset=utf8',
    'application/json; foo=bar; Charset = "UTF-8"',
    'application/graphql+json',
  ])('may be %j, at each request', async (type) => {
    for (let time = 0; time < 3; time += 1) expect((await sendQuery(LONG, { 'content-type': type })).status).toBe(200);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonp',
    '',
    'application/json; charset=latin1',
    'application/json; foo=bar; charset=utf-16',
  ])('may not be %j', async (type) => {
    for (let time = 0; time < 3; time += 1) {
      const reply = await sendQuery(SHORT, { 'content-type': type });
      expect([reply.status, codeOf(reply)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
      expect(reply.text.includes('charset')).toBe(type.includes('charset'));
    }
  });

  test.each([
    ['x-gzip', 400],
    ['zstd', 415],
    ['gzip, br', 415],
  ])('with content-encoding %s and a body in another encoding gets %i', async (encoding, status) => {
    const reply = await sendQuery(SHORT, { 'content-encoding': encoding });
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text).errors[0].message).toMatch(/content-encoding/);
  });
});

describe('the encoding of a response', () => {
  test.each([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br', 'br'],
    ['gzip;q=0', undefined],
    ['gzip;q=0, *;q=0', undefined],
    ['gzip;q=0, br', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br, gzip;q=0.5', 'br'],
    ['gzip; q=0.001', 'gzip'],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=1.0', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['deflate', undefined],
    ['zstd, deflate', undefined],
  ])('is, for accept-encoding %j, %j at the first and at the third request', async (acceptEncoding, encoding) => {
    const query = LONG.replace('{', `query Of${Math.abs(hash(String(acceptEncoding)))} {`);
    const texts = new Set<string>();
    for (let time = 0; time < 3; time += 1) {
      const reply = await sendQuery(query, acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding });
      expect([reply.status, reply.headers['content-encoding']]).toEqual([200, encoding]);
      expect(reply.headers.vary).toContain('accept-encoding');
      texts.add(reply.text);
    }
    expect(texts.size).toBe(1);
  });

  test('is gzip when gzip and Brotli are equally acceptable, and Brotli once the response is cached', async () => {
    const query = LONG.replace('{', 'query Preferred {');
    const encodings = [];
    for (let time = 0; time < 3; time += 1)
      encodings.push((await sendQuery(query, { 'accept-encoding': 'gzip, deflate, br' })).headers['content-encoding']);
    expect(encodings).toEqual(['gzip', 'br', 'br']);
  });

  test('is identity below 1 KiB', async () => {
    const { headers } = await sendQuery(SHORT, { 'accept-encoding': 'gzip, br' });
    expect(headers['content-encoding']).toBeUndefined();
  });

  test('applies to errors of 1 KiB and more', async () => {
    const query = `{ ${Array.from({ length: 20 }, (_, at) => `unknown${at}`).join(' ')} }`;
    const reply = await sendQuery(query, { 'accept-encoding': 'gzip' });
    expect([reply.headers['content-encoding'], codeOf(reply)]).toEqual(['gzip', 'GRAPHQL_VALIDATION_FAILED']);
  });
});

/** A different document for each row of the table. */
function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (31 * value + character.charCodeAt(0)) | 0;
  return value;
}

describe('GraphQL over SSE', () => {
  const subscribe = (query: string): Promise<unknown[]> => {
    const client = createClient({ url: `${url}/graphql`, retryAttempts: 0 });
    const results: unknown[] = [];
    return new Promise((resolve, reject) => {
      client.subscribe(
        { query },
        {
          next: (result) => results.push(result),
          error: reject,
          complete: () => {
            client.dispose();
            resolve(results);
          },
        },
      );
    });
  };

  test('works with graphql-sse and its defaults, at each request', async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await subscribe(SHORT)).toEqual([{ data: { __typename: 'Query' } }]);
      const [result] = (await subscribe(LONG)) as [{ data: any }];
      expect(result.data.workloadCosts.rows.nodes).toHaveLength(50);
    }
  });

  test('sends the errors of a refused operation as an event', async () => {
    expect(await subscribe('{ nope }')).toMatchObject([
      { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    ]);
    const reply = await sendQuery('{ nope }', { accept: 'text/event-stream' });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, SSE_TYPE]);
    expect(reply.text).toMatch(/^event: next\ndata: \{"errors":.*\}\n\nevent: complete\ndata:\n\n$/);
  });
});

describe('framing', () => {
  const ACCEPTS = ['application/json', 'application/graphql-response+json', 'text/event-stream', 'multipart/mixed'];
  const QUERIES = [SHORT, LONG, '{ nope }', '{'];
  test.each(ACCEPTS)('uses content-length or chunks, never both, for accept %s', async (accept) => {
    for (const query of [...QUERIES, ...QUERIES, ...QUERIES]) {
      for (const encoding of ['identity', 'gzip', 'br']) {
        const { headers, bytes } = await sendQuery(query, { accept, 'accept-encoding': encoding });
        const framing = [headers['content-length'], headers['transfer-encoding']];
        expect(framing).toEqual([String(bytes.length), undefined]);
      }
    }
  });

  test('of a response over 1 MiB uses chunks until it is cached', async () => {
    await using large = await startStack({ simulator: { workloads: 12_000 } });
    const target = await large.gateway.listen();
    const query = LONG.replace('id ', 'id namespace clusterName labels { key value } ');
    for (const [at, encoding] of ['identity', 'identity', 'identity', 'gzip', 'gzip', 'gzip'].entries()) {
      const response = await open(target, { body: { query }, headers: { 'accept-encoding': encoding } });
      const { 'content-length': length, 'transfer-encoding': transfer } = response.headers;
      expect([length === undefined, transfer]).toEqual(at % 3 === 0 ? [true, 'chunked'] : [false, undefined]);
      response.resume();
    }
  });
});
