// The response cache: a repeated operation gets the same bytes. Only callers with the same permissions share them, and
// only while their reports are cached and fresh.

import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { NO_TIMER, startGateway, startStack, TOKEN, type TestStack } from '../kit/gateway.js';
import { cacheHitsOf, open, send as sendTo, startServer, type HttpRequestOptions } from '../kit/clients/http-client.js';
import { keyOf, startRestrictedGateway } from '../kit/restricted-gateway.js';
import { startTenants } from '../kit/upstream/tenants.js';

const FILTER = 'filter: { multiCluster: true }';
const SMALL = `query Small($first: Int) { workloadCosts(${FILTER}) { asOf rows(first: $first) { totalCount nodes { id totalCost } } } }`;
const ALL = `{ workloadCosts(${FILTER}) { window { startTime endTime } clusters isStale rows { nodes {
  id clusterName namespace workloadName workloadType amountOfWorkloads labels { key value } annotations { key value }
  ownerLabels { value key __typename } services totalCost hourlyCost savingsAvailable savingsAvailableWithReplicas
  onDemandHours onDemandPercent spotHours spotPercent ownerCpuRequest ownerGpuRequest ownerMemoryRequest replicas share } } } }`;

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly json: any;
}

/** Sends one operation without a socket. */
async function send(
  stack: Pick<TestStack, 'gateway'>,
  body: object,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await stack.gateway.fetch(
    new Request('http://gateway/graphql', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    }),
  );
  const bytes = Buffer.from(await response.arrayBuffer());
  const encoding = response.headers.get('content-encoding');
  const text = encoding === 'gzip' ? gunzipSync(bytes) : encoding === 'br' ? brotliDecompressSync(bytes) : bytes;
  const { status } = response;
  return { status, headers: Object.fromEntries(response.headers), bytes, json: JSON.parse(text.toString()) };
}

const QUERIES: Readonly<Record<string, string>> = {
  'all fields of rows': ALL,
  'aliases, merged fields and fragments': `query { a: workloadCosts(${FILTER}) { r: rows(first: 3) { n: nodes { x: id ...Cost id } nodes { ...Cost } } }
    b: workloadCosts(${FILTER}) { rows(last: 2) { nodes { ... on CostRow { ownerLabels { k: key } } ... { ownerLabels { value } } } } } }
    fragment Cost on CostRow { totalCost y: totalCost __typename }`,
  'skip and include': `query ($yes: Boolean = true) { workloadCosts(${FILTER}) { rows(first: 3) { nodes {
    id totalCost @skip(if: $yes) namespace @include(if: $yes) ... @include(if: false) { clusterName } } } } }`,
  'no row at all': `{ workloadCosts(${FILTER}) { rows(first: 0) { totalCount nodes { id } edges { cursor } } } }`,
  'edges with cursors': `{ workloadCosts(${FILTER}) { rows(first: 4, orderBy: [{ field: TOTAL_COST, direction: DESC }]) {
    pageInfo { hasNextPage endCursor } edges { cursor node { id share } __typename } } } }`,
  'entities of rows': `{ workloadCosts(${FILTER}) { rows(first: 5) { nodes { kubernetesCluster { name __typename } kubernetesNamespace { name clusterName }
    kubernetesWorkload { type n: name } } } } }`,
  'entities of rows with costs': `{ workloadCosts(${FILTER}) { rows(first: 2) { nodes { id kubernetesWorkload { name cost { id totalCost } } } } } }`,
  'a fragment on a union': `{ workloadCosts(${FILTER}) { rows(first: 2) { nodes { kubernetesCluster { ... on _Entity { ... on KubernetesCluster { name } ... on KubernetesWorkload { type } } } } } } }`,
  'aggregated rows without names': `{ aggregatedCosts { rows { nodes { namespace kubernetesWorkload { name } kubernetesCluster { name } labels { key } } } } }`,
  'totals and groups': `{ workloadCosts(${FILTER}) { totals { totalCost } breakdown(by: [{ field: CLUSTER }], first: 2) { groups { keys { value } share } others { rowCount } } } }`,
  'rows in groups of entities': `{ kubernetesCluster(name: "prod-us-east-1") { costs { rows(first: 2) { nodes { id } } } } }`,
};

describe('a repeated operation', () => {
  test.each(Object.entries(QUERIES))('gets the same response from the cache: %s', async (_, query) => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    // A field trace is never cached, and resolves each row separately.
    const traced = await send(stack, { query }, { 'apollo-federation-include-trace': 'ftv1' });
    const replies = [];
    for (let time = 0; time < 3; time += 1) replies.push(await send(stack, { query }, { 'x-request-id': 'same' }));
    expect(traced.json.errors).toBeUndefined();
    expect(replies[0]?.json.data).toEqual(traced.json.data);
    expect(replies[1]).toEqual(replies[0]);
    expect(replies[2]).toEqual(replies[0]);
    expect(cacheHitsOf(stack)).toEqual([false, false, false, true]);
  });

  test.each([
    ['a field of a report', `{ workloadCosts(${FILTER}) { asOf rows(first: -1) { nodes { id } } } }`],
    ['an entity', `{ workloadCosts(${FILTER}) { asOf } _entities(representations: [{}]) { __typename } }`],
  ])('is executed again when its response had errors of %s', async (_, query) => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    const replies = [];
    for (let time = 0; time < 3; time += 1) replies.push(await send(stack, { query }, { 'x-request-id': 'same' }));
    expect(replies[0]?.json.errors).toHaveLength(1);
    expect(replies[0]?.headers['cache-control']).toBe('no-store');
    expect(replies[1]?.json.errors).toEqual(replies[0]?.json.errors);
    expect(cacheHitsOf(stack)).toEqual([false, false, false]);
  });

  test('is logged and counted under its own request id', async () => {
    await using stack = await startStack();
    for (const id of ['one', 'two', 'three', 'four']) await send(stack, { query: SMALL }, { 'x-request-id': id });
    const lines = stack.log.filter(({ msg }) => msg === 'operation');
    expect(lines.map(({ requestId, operationName, status }) => [requestId, operationName, status])).toEqual(
      ['one', 'two', 'three', 'four'].map((id) => [id, 'Small', 200]),
    );
    expect(lines.map(({ cache }) => cache)).toMatchObject([{ miss: 1 }, { hit: 1 }, { hit: 1 }, { hit: 1 }]);
    const metrics = await (await stack.gateway.fetch(new Request('http://gateway/metrics'))).text();
    expect(metrics).toMatch(/gateway_operations_total\{[^}]*outcome="ok"\} 4\n/);
    expect(metrics).toMatch(/gateway_cache_results_total\{report="workloads",result="hit"\} 3\n/);
    expect(metrics).toMatch(/gateway_operations_in_flight 0\n/);
  });
});

describe('Age and Cache-Control', () => {
  test('follow the clock while the body stays the same', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { ...NO_TIMER, CACHE_TTL_SECONDS: '3600' } });
    const replies: Reply[] = [];
    for (const seconds of [0, 1, 2, 3_000, 5]) {
      clock.advance(1_000 * seconds);
      replies.push(await send(stack, { query: SMALL }));
    }
    expect(replies.map(({ headers }) => headers.age)).toEqual(['0', '1', '3', '3003', '3008']);
    expect(new Set(replies.map(({ headers }) => headers['cache-control']))).toEqual(new Set(['private, max-age=3600']));
    expect(new Set(replies.map(({ bytes }) => bytes.toString())).size).toBe(1);
    expect(cacheHitsOf(stack)).toEqual([false, false, true, true, true]);
    expect(stack.received).toHaveLength(1);
  });

  test('count whole seconds, from one millisecond to the next', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { ...NO_TIMER, CACHE_TTL_SECONDS: '3600' } });
    for (let time = 0; time < 3; time += 1) await send(stack, { query: SMALL });
    const ages = [];
    for (const milliseconds of [0, 1, 999, 1]) {
      clock.advance(milliseconds);
      const { headers } = await send(stack, { query: SMALL });
      ages.push([headers.age, headers['cache-control']]);
    }
    expect(ages).toEqual([
      ['0', 'private, max-age=3600'],
      ['0', 'private, max-age=3599'],
      ['1', 'private, max-age=3600'],
      ['1', 'private, max-age=3599'],
    ]);
  });
});

describe('a cached response', () => {
  test('is compressed for each encoding, with the same content', async () => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    const accepted = ['br;q=1.0, gzip;q=0.8', 'gzip', 'gzip;q=0, identity', 'gzip, deflate, br'];
    const replies: Reply[][] = [];
    for (let time = 0; time < 3; time += 1) {
      const round = [];
      for (const each of accepted) round.push(await send(stack, { query: ALL }, { 'accept-encoding': each }));
      replies.push(round);
    }
    const encodings = replies.map((round) => round.map(({ headers }) => headers['content-encoding']));
    // The last one of the first round is already Brotli: the first one requested the same bytes.
    expect(encodings).toEqual(Array.from({ length: 3 }, () => ['br', 'gzip', undefined, 'br']));
    const plain = replies[0]![2]!;
    for (const { headers, bytes, json } of replies.flat()) {
      expect(json).toEqual(plain.json);
      expect(headers).toMatchObject({ vary: 'accept, accept-encoding', 'content-length': String(bytes.length) });
      if (headers['content-encoding'] !== undefined) expect(bytes.length).toBeLessThan(plain.bytes.length / 4);
    }
    expect(cacheHitsOf(stack).slice(-4)).toEqual([true, true, true, true]);
  });

  test('differs for other variables and operations, and is the same for other media types', async () => {
    await using stack = await startStack();
    const query = `${SMALL} query Other { workloadCosts(${FILTER}) { rows(first: 1) { totalCount } } }`;
    const sendQuery = async (operationName: string, first: number, accept: string): Promise<unknown[]> => {
      const { headers, json } = await send(stack, { query, operationName, variables: { first } }, { accept });
      const { nodes } = json.data.workloadCosts.rows as { nodes?: unknown[] };
      return [headers['content-type'], nodes?.length];
    };
    const [json, graphql] = ['application/json', 'application/graphql-response+json'];
    for (let time = 0; time < 3; time += 1) {
      for (const first of [1, 2]) {
        expect(await sendQuery('Small', first, json)).toEqual([`${json}; charset=utf-8`, first]);
        expect(await sendQuery('Small', first, graphql)).toEqual([`${graphql}; charset=utf-8`, first]);
        expect(await sendQuery('Other', first, json)).toEqual([`${json}; charset=utf-8`, undefined]);
      }
    }
    expect(cacheHitsOf(stack).slice(-6)).toEqual(Array.from({ length: 6 }, () => true));
  });

  test('depends on variables that @skip and @include use', async () => {
    await using stack = await startStack();
    const query = `query ($yes: Boolean!) { workloadCosts(${FILTER}) { rows(first: 3) { nodes { id ...Cost } } } }
      fragment Cost on CostRow { totalCost namespace @include(if: $yes) }`;
    const sendQuery = async (yes: boolean): Promise<string[]> => {
      const { json } = await send(stack, { query, variables: { yes } });
      return Object.keys(json.data.workloadCosts.rows.nodes[0]);
    };
    for (const yes of [true, true, true, false, false, true])
      expect(await sendQuery(yes)).toEqual(['id', 'totalCost', ...(yes ? ['namespace'] : [])]);
  });

  test('is not used for a newer report', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { ...NO_TIMER, CACHE_STALE_SECONDS: '0' } });
    const sendQuery = async () => (await send(stack, { query: SMALL })).json.data.workloadCosts.asOf as string;
    const first = [await sendQuery(), await sendQuery(), await sendQuery(), await sendQuery()];
    clock.advance(10_000);
    await send(stack, { query: SMALL }, { 'cache-control': 'no-cache' });
    const second = [await sendQuery(), await sendQuery(), await sendQuery()];
    clock.advance(3_601_000);
    const third = [await sendQuery(), await sendQuery(), await sendQuery()];
    expect([first, second, third].map((times) => new Set(times).size)).toEqual([1, 1, 1]);
    expect(new Set([...first, ...second, ...third]).size).toBe(3);
    expect(cacheHitsOf(stack).at(3)).toBe(true);
    expect(stack.received).toHaveLength(3);
  });

  test('never has errors, and is never stale', async () => {
    const clock = createManualClock();
    await using tenants = await startTenants({ tokens: { [TOKEN]: 'tenant' } });
    await using stack = startGateway(tenants.url, { ...NO_TIMER, SCALEOPS_MAX_ATTEMPTS: '1' }, clock);
    const sendQuery = () => send(stack, { query: SMALL });
    await sendQuery();
    clock.advance(3_601_000);
    tenants.setDown(true);
    for (let time = 0; time < 3; time += 1) {
      const { json, headers } = await sendQuery();
      expect([json.extensions.freshness.isStale, headers['cache-control']]).toEqual([true, 'no-store']);
    }
    clock.advance(90_000_000);
    for (let time = 0; time < 3; time += 1) expect((await sendQuery()).json.errors).toHaveLength(1);
    expect(cacheHitsOf(stack)).not.toContain(true);
  });

  test('is purged when ScaleOps refuses its principal', async () => {
    const clock = createManualClock();
    await using tenants = await startTenants({ tokens: { 'token-of-a-caller': 'one', 'token-of-another': 'two' } });
    const env = { ...NO_TIMER, SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '', CACHE_RECHECK_SECONDS: '60' };
    await using stack = startGateway(tenants.url, env, clock);
    const query = '{ workloadCosts { rows { nodes { id } } } }';
    const sendQuery = async (token: string): Promise<unknown> => {
      const { json } = await send(stack, { query }, { authorization: `Bearer ${token}` });
      return json.errors?.[0].extensions.code ?? json.data.workloadCosts.rows.nodes[0].id;
    };
    const own = await sendQuery('token-of-a-caller');
    for (let time = 0; time < 3; time += 1) {
      expect(await sendQuery('token-of-a-caller')).toBe(own);
      expect(await sendQuery('token-of-another')).not.toBe(own);
    }
    expect(cacheHitsOf(stack).slice(-2)).toEqual([true, true]);
    expect(tenants.requests).toHaveLength(2);
    tenants.revoke('token-of-a-caller');
    clock.advance(61_000);
    expect(await sendQuery('token-of-a-caller')).toBe('UNAUTHENTICATED');
    expect(await sendQuery('token-of-a-caller')).toBe('UNAUTHENTICATED');
    expect(await sendQuery('token-of-another')).not.toBe(own);
  });

  test('is shared by callers with equal permissions, and by no others', async () => {
    await using simulated = await startStack();
    await simulated.send('{ workloadCosts { asOf } }');
    const url = `http://${simulated.received[0]!.headers.host}`;
    const env = { GATEWAY_RATE_LIMIT: '6' };
    const permissions = { callers: { all: 'all', both: 'all', few: [{ clusters: ['prod-us-east-1'] }] } };
    await using stack = startRestrictedGateway({ url, permissions, callers: ['all', 'both', 'few', 'nobody'], env });
    const query = `{ workloadCosts(${FILTER}) { rows { totalCount } } }`;
    const sendQuery = async (caller: string): Promise<unknown> => {
      const { status, json } = await send(stack, { query }, { 'x-api-key': keyOf(caller) });
      return json.errors === undefined
        ? json.data.workloadCosts.rows.totalCount
        : [status, json.errors[0].extensions.code];
    };
    const all = [await sendQuery('all'), await sendQuery('all'), await sendQuery('both'), await sendQuery('both')];
    expect(all).toEqual([50, 50, 50, 50]);
    expect(cacheHitsOf(stack)).toEqual([false, false, true, true]);
    expect(await sendQuery('few')).toBeLessThan(50);
    expect(await sendQuery('nobody')).toEqual([403, 'FORBIDDEN']);
    expect((await send(stack, { query })).json.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect((await send(stack, { query }, { 'x-api-key': 'no such key as this' })).status).toBe(401);
    for (let time = 0; time < 4; time += 1) expect(await sendQuery('all')).toBe(50);
    // The rate limit counts responses from the cache too.
    expect(await sendQuery('all')).toEqual([429, 'RATE_LIMITED']);
    expect(await sendQuery('both')).toBe(50);
  });

  test('is readable only by pages of the listed origins', async () => {
    await using stack = await startStack({ env: { GATEWAY_CORS_ORIGINS: 'https://costs.example.com' } });
    const own = { origin: 'https://costs.example.com' };
    const other = { origin: 'https://other.example.com' };
    for (let time = 0; time < 3; time += 1) {
      const replies = [await send(stack, { query: SMALL }, own), await send(stack, { query: SMALL })];
      expect(replies.map(({ headers }) => headers['access-control-allow-origin'])).toEqual([own.origin, undefined]);
      for (const { headers } of replies) expect(headers.vary).toBe('origin, accept, accept-encoding');
      expect((await send(stack, { query: SMALL }, other)).json.errors[0].extensions.code).toBe('CSRF_BLOCKED');
    }
  });
});

describe('limits apply to a repeated operation', () => {
  test('with variables that make it too costly', async () => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: '500' } });
    const sendQuery = async (first: number): Promise<any> =>
      (await send(stack, { query: SMALL, variables: { first } })).json;
    for (let time = 0; time < 3; time += 1) expect((await sendQuery(10)).errors).toBeUndefined();
    for (let time = 0; time < 3; time += 1)
      expect((await sendQuery(100_000)).errors[0].extensions.code).toBe('QUERY_TOO_COMPLEX');
  });

  test('with an infinite number, which JSON.stringify writes as null', async () => {
    await using stack = await startStack();
    const send = async (number: string): Promise<any> => {
      const response = await stack.gateway.fetch(
        new Request('http://gateway/graphql', {
          method: 'POST',
          body: `{ "query": ${JSON.stringify(SMALL)}, "variables": { "first": ${number} } }`,
          headers: { 'content-type': 'application/json' },
        }),
      );
      return response.json();
    };
    for (let time = 0; time < 3; time += 1) expect((await send('null')).errors).toBeUndefined();
    expect((await send('1e999')).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  test.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'with invalid variables: the response is the same when the operation is cached, for accept %s',
    async (accept) => {
      await using stack = await startStack();
      const query =
        'query ($first: Int, $filter: WorkloadCostsFilter) { workloadCosts(filter: $filter) { rows(first: $first) { totalCount } } }';
      const sendQuery = (variables: object) => send(stack, { query, variables }, { accept, 'x-request-id': 'same' });
      const unfit = [
        { first: 'many' },
        { filter: { nope: 1 } },
        { filter: { last: 'long' } },
        { filter: { clusters: { names: ['a', 3] } } },
        // More errors than a response contains.
        { filter: { clusters: { names: Array.from({ length: 100 }, () => null) } } },
      ];
      const before = [];
      for (const variables of unfit) before.push(await sendQuery(variables));
      for (let time = 0; time < 3; time += 1) expect((await sendQuery({ first: time })).json.errors).toBeUndefined();
      for (const [index, variables] of unfit.entries()) expect(await sendQuery(variables)).toEqual(before[index]);
      expect(before.map(({ json }) => String(json.errors[0].extensions.code))).toEqual(
        unfit.map(() => 'BAD_USER_INPUT'),
      );
    },
  );

  test('with an invalid request body', async () => {
    await using stack = await startStack();
    for (let time = 0; time < 3; time += 1) await send(stack, { query: SMALL });
    for (const body of [
      { query: SMALL, variables: { first: 'many' } },
      { query: SMALL, variables: [1] },
      { query: SMALL, operationName: 'None' },
      { query: SMALL, more: 1 },
      [],
    ]) {
      expect((await send(stack, body)).json.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});

describe('a GET with an entity tag', () => {
  const get = (headers: Record<string, string> = {}): HttpRequestOptions => ({
    method: 'GET',
    path: `/graphql?${new URLSearchParams({ query: ALL }).toString()}`,
    headers,
  });

  test.each(['identity', 'gzip', 'br'])('gets 304 while its bytes are the same, in %s', async (encoding) => {
    const { url } = await startServer();
    const accepts = { 'accept-encoding': encoding };
    // From the second request on, the bytes come from the cache.
    await sendTo(url, get(accepts));
    await sendTo(url, get(accepts));
    const full = await sendTo(url, get(accepts));
    const etag = full.headers.etag!;
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const ifNoneMatch of [etag, `W/${etag}`, `"other", ${etag}`, `"other" ,W/${etag},"third"`, '*']) {
      const reply = await sendTo(url, get({ ...accepts, 'if-none-match': ifNoneMatch }));
      expect([ifNoneMatch, reply.status, reply.bytes.length]).toEqual([ifNoneMatch, 304, 0]);
      // RFC 9110, section 15.4.5: the headers of the 200 response.
      for (const name of ['etag', 'vary', 'cache-control', 'age']) expect(reply.headers[name]).toBe(full.headers[name]);
      expect(reply.headers['content-length']).toBeUndefined();
    }
    const other = await sendTo(url, get({ ...accepts, 'if-none-match': '"other"' }));
    expect([other.status, other.text]).toEqual([200, full.text]);
  });

  test('has another tag in another encoding, and a POST has none', async () => {
    const { url } = await startServer();
    const tags = [];
    for (const encoding of ['identity', 'gzip', 'br'])
      tags.push((await sendTo(url, get({ 'accept-encoding': encoding }))).headers.etag);
    expect(new Set(tags).size).toBe(3);
    const post = await sendTo(url, { body: { query: ALL }, headers: { 'if-none-match': '*' } });
    expect([post.status, post.headers.etag]).toEqual([200, undefined]);
  });

  test('gets the body when the report has changed', async () => {
    const clock = createManualClock();
    const { url } = await startServer({ clock, env: { ...NO_TIMER, CACHE_STALE_SECONDS: '0' } });
    const { etag } = (await sendTo(url, get())).headers;
    expect((await sendTo(url, get({ 'if-none-match': etag! }))).status).toBe(304);
    clock.advance(3_601_000);
    const newer = await sendTo(url, get({ 'if-none-match': etag! }));
    expect([newer.status, newer.headers.etag === etag]).toEqual([200, false]);
  });
});

test('a long response is complete, and a disconnected client does not affect the others', async () => {
  const { stack, url } = await startServer({ simulator: { workloads: 12_000 } });
  const nodesOf = (text: string): unknown[] => JSON.parse(text).data.workloadCosts.rows.nodes as unknown[];
  const texts = [];
  for (const encoding of ['identity', 'identity', 'identity', 'gzip', 'gzip', 'gzip', 'br', 'br', 'br'])
    texts.push((await sendTo(url, { body: { query: ALL }, headers: { 'accept-encoding': encoding } })).text);
  expect(nodesOf(texts[0]!)).toHaveLength(12_000);
  for (const text of texts) expect(text === texts[0]).toBe(true);
  const left = await open(url, { body: { query: ALL } });
  left.destroy();
  const after = await open(url, { body: { query: ALL } });
  expect((await buffer(after)).toString() === texts[0]).toBe(true);
  expect(stack.received).toHaveLength(1);
});
