// The fast lane gives what the door gives: the same data and the same headers, whether a question is executed by the door,
// executed on the lane, or answered from kept bytes; to nobody else, and no longer than its reports are fresh.
//
// Mutations, each tried in a copy of the tree: the principal, the grants or the reply taken out of the key (lane.ts);
// isCurrent() always true, disposeAfter removed (src/cache/memory/lru-store.ts); `mayBeKept` always true (execution.ts); the checksum of
// the end not continued (ready-answer.ts); isTooCostly not asked, checkRate removed, isOf not asked (lane.ts); putBack removed (socket.ts).

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as sendRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32, gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createManualClock } from './kit/clock.js';
import { NO_TIMER, startGateway, startStack, TOKEN, type TestStack } from './kit/gateway.js';
import { keyOf, startScopedGateway } from './kit/scoped-gateway.js';
import { startTenants } from './kit/tenants.js';

const FILTER = 'filter: { multiCluster: true }';
const SMALL = `query Small($first: Int) { workloadCosts(${FILTER}) { asOf rows(first: $first) { totalCount nodes { id totalCost } } } }`;

/** Sends one operation as a client does, and keeps the bytes that came. */
async function send(
  stack: Pick<TestStack, 'gateway'>,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Record<string, string>; bytes: Buffer; json: any }> {
  const response = await stack.gateway.fetch(
    new Request('http://gateway/graphql', {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    }),
  );
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = response.headers.get('content-encoding') === 'gzip' ? gunzipSync(bytes).toString() : bytes.toString();
  const names = Array.from(response.headers, ([name, value]) => [name.toLowerCase(), value] as const);
  return { status: response.status, headers: Object.fromEntries(names), bytes, json: JSON.parse(text) };
}

/** How the operations of the log so far were answered: what was ready, in order. */
const readyOf = ({ log }: Pick<TestStack, 'log'>): boolean[] =>
  log.filter(({ msg }) => msg === 'operation').map(({ ready }) => ready === true);

/** A text of each kind, such that both have one CRC-32: among 2 to the power of 17 of each there are some. */
function findSameChecksum(...[toOne, toOther]: ((salt: string) => string)[]): [string, string] {
  const seen = new Map<number, string>();
  for (let count = 0; count < 2 ** 20; count += 1) {
    // A checksum is linear: what only counts up would differ in too few bits.
    const salt = createHash('md5').update(String(count)).digest('hex');
    const [one, other] = [toOne!(salt), toOther!(salt)];
    seen.set(crc32(one), one);
    const same = seen.get(crc32(other));
    if (same !== undefined) return [same, other];
  }
  throw new Error('no two texts have the same checksum');
}

const QUESTIONS: Readonly<Record<string, string>> = {
  'all fields of rows': `{ workloadCosts(${FILTER}) { window { startTime endTime } clusters isStale rows { nodes {
    id clusterName namespace workloadName workloadType amountOfWorkloads labels { key value } annotations { key value }
    ownerLabels { value key __typename } services totalCost hourlyCost savingsAvailable savingsAvailableWithReplicas
    onDemandHours onDemandPercent spotHours spotPercent ownerCpuRequest ownerGpuRequest ownerMemoryRequest replicas share } } } }`,
  'aliases, merged fields and fragments': `query { a: workloadCosts(${FILTER}) { r: rows(first: 3) { n: nodes { x: id ...Cost id } nodes { ...Cost } } }
    b: workloadCosts(${FILTER}) { rows(last: 2) { nodes { ... on CostRow { ownerLabels { k: key } } ... { ownerLabels { value } } } } } }
    fragment Cost on CostRow { totalCost y: totalCost __typename }`,
  'skip and include': `query ($yes: Boolean = true) { workloadCosts(${FILTER}) { rows(first: 3) { nodes {
    id totalCost @skip(if: $yes) namespace @include(if: $yes) ... @include(if: false) { clusterName } } } } }`,
  'no row at all': `{ workloadCosts(${FILTER}) { rows(first: 0) { totalCount nodes { id } edges { cursor } } } }`,
  'edges with cursors': `{ workloadCosts(${FILTER}) { rows(first: 4, orderBy: [{ field: TOTAL_COST, direction: DESC }]) {
    pageInfo { hasNextPage endCursor } edges { cursor node { id share } __typename } } } }`,
  'entities of rows': `{ workloadCosts(${FILTER}) { rows(first: 5) { nodes { cluster { name __typename } namespaceEntity { name clusterName }
    workload { type n: name } } } } }`,
  'entities of rows with costs': `{ workloadCosts(${FILTER}) { rows(first: 2) { nodes { id workload { name cost { id totalCost } } } } } }`,
  'a fragment on a union': `{ workloadCosts(${FILTER}) { rows(first: 2) { nodes { cluster { ... on _Entity { ... on Cluster { name } ... on Workload { type } } } } } } }`,
  'aggregated rows without names': `{ aggregatedCosts { rows { nodes { namespace workload { name } cluster { name } labels { key } } } } }`,
  'totals and groups': `{ workloadCosts(${FILTER}) { totals { totalCost } breakdown(by: [{ field: CLUSTER }], first: 2) { groups { keys { value } share } others { rowCount } } } }`,
  'rows in groups of entities': `{ cluster(name: "prod-us-east-1") { costs { rows(first: 2) { nodes { id } } } } }`,
};

describe('the fast lane answers as the door does', () => {
  test.each(Object.entries(QUESTIONS))('%s', async (_, query) => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    // A trace of each field is made by the door alone, row by row.
    const traced = await send(stack, { query }, { 'apollo-federation-include-trace': 'ftv1' });
    const answers = [];
    for (let time = 0; time < 4; time += 1) answers.push(await send(stack, { query }, { 'x-request-id': 'same' }));
    // What is asked a second time on the lane is kept.
    const [atDoor, executed, kept, ready] = answers;
    expect(traced.json.errors).toBeUndefined();
    expect(atDoor?.json.data).toEqual(traced.json.data);
    expect(executed).toEqual(atDoor);
    expect(kept).toEqual(atDoor);
    expect(ready).toEqual(atDoor);
    expect(readyOf(stack)).toEqual([false, false, false, false, true]);
  });

  // Mutation: freshness left out where an answer has errors, or kept by clients all the same (writing.ts).
  test.each([
    ['a field of a report', `{ workloadCosts(${FILTER}) { asOf rows(first: -1) { nodes { id } } } }`],
    ['an entity', `{ workloadCosts(${FILTER}) { asOf } _entities(representations: [{}]) { __typename } }`],
  ])('with errors of %s, and keeps none', async (_, query) => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    const [good, bad] = [query.replace('-1', '1').replace('[{}]', '[]'), query];
    for (const each of [good, bad]) await send(stack, { query: each }, { 'x-request-id': 'same' });
    const atDoor = await send(stack, { query: bad }, { 'x-request-id': 'same', pragma: 'at-the-door' });
    for (let time = 0; time < 3; time += 1) {
      expect(await send(stack, { query: bad }, { 'x-request-id': 'same' })).toEqual(atDoor);
    }
    expect(atDoor.json.errors).toHaveLength(1);
    expect(readyOf(stack)).not.toContain(true);
  });

  test('with the age that its reports have by then', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { ...NO_TIMER, CACHE_TTL_SECONDS: '3600' } });
    const freshness: unknown[][] = [];
    for (const seconds of [0, 1, 2, 3_000, 5]) {
      clock.advance(1_000 * seconds);
      const { headers, json } = await send(stack, { query: SMALL });
      freshness.push([headers.age, headers['cache-control'], json.extensions.freshness.ageSeconds]);
    }
    expect(freshness.map(([age, , said]) => [age, said])).toEqual(
      [0, 1, 3, 3_003, 3_008].map((age) => [String(age), age]),
    );
    expect(new Set(freshness.map(([, control]) => control))).toEqual(new Set(['private, max-age=3600']));
    expect(readyOf(stack)).toEqual([false, false, false, true, true]);
    expect(stack.received).toHaveLength(1);
  });

  // Mutations: one of the two not looked at, where the end of an answer is the same as before (freshness.ts).
  test('with how long it is fresh, and how old it is, from one millisecond to the next', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { ...NO_TIMER, CACHE_TTL_SECONDS: '3600' } });
    for (let time = 0; time < 4; time += 1) await send(stack, { query: SMALL });
    const said = [];
    for (const milliseconds of [0, 1, 999, 1]) {
      clock.advance(milliseconds);
      const { json } = await send(stack, { query: SMALL });
      said.push([json.extensions.freshness.ageSeconds, json.extensions.freshness.freshSeconds]);
    }
    expect(said).toEqual([
      [0, 3_600],
      [0, 3_599],
      [1, 3_599],
      [1, 3_598],
    ]);
  });

  // Mutations: a directive not looked for (row-members.ts).
  test('with what its variables leave out', async () => {
    await using stack = await startStack();
    const query = `query ($yes: Boolean!) { workloadCosts(${FILTER}) { rows(first: 3) { nodes { id ...Cost } } } }
      fragment Cost on CostRow { totalCost namespace @include(if: $yes) }`;
    const ask = async (yes: boolean): Promise<string[]> => {
      const { json } = await send(stack, { query, variables: { yes } });
      return Object.keys(json.data.workloadCosts.rows.nodes[0]);
    };
    for (const yes of [true, true, true, false, false, true])
      expect(await ask(yes)).toEqual(['id', 'totalCost', ...(yes ? ['namespace'] : [])]);
  });

  // Mutation: a report that is at hand not noted for the entities below its rows (context.ts).
  test('from the same reports', async () => {
    await using stack = await startStack();
    const query = QUESTIONS['entities of rows with costs'];
    for (let time = 0; time < 4; time += 1) await send(stack, { query });
    const [first, ...others] = stack.log.filter(({ msg }) => msg === 'operation').map(({ cache }) => cache);
    expect(first).toMatchObject({ hit: 0, miss: 1 });
    for (const cache of others) expect(cache).toMatchObject({ hit: 1, miss: 0 });
    expect(stack.received).toHaveLength(1);
  });

  test('and counts, logs and names requests as it does', async () => {
    await using stack = await startStack();
    for (const id of ['one', 'two', 'three', 'four']) await send(stack, { query: SMALL }, { 'x-request-id': id });
    const lines = stack.log.filter(({ msg }) => msg === 'operation');
    expect(
      lines.map(({ requestId, operationName, status, cache }) => [requestId, operationName, status, cache]),
    ).toEqual(
      ['one', 'two', 'three', 'four'].map((id, at) => [
        id,
        'Small',
        200,
        { hit: at === 0 ? 0 : 1, stale: 0, shared: 0, collapsed: 0, miss: at === 0 ? 1 : 0 },
      ]),
    );
    const metrics = await (await stack.gateway.fetch(new Request('http://gateway/metrics'))).text();
    expect(metrics).toMatch(/gateway_operations_total\{[^}]*outcome="ok"\} 4\n/);
    expect(metrics).toMatch(/gateway_cache_results_total\{report="workloads",result="hit"\} 3\n/);
    expect(metrics).toMatch(/gateway_response_cache_hits_total 1\n/);
    expect(metrics).toMatch(/gateway_operations_in_flight 0\n/);
  });
});

describe('what is ready', () => {
  test('is compressed for who takes gzip, and the same', async () => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    const { query } = { query: QUESTIONS['all fields of rows'] };
    const plain = [];
    const packed = [];
    for (let time = 0; time < 3; time += 1) {
      packed.push(await send(stack, { query }, { 'accept-encoding': 'br;q=1.0, gzip;q=0.8' }));
      plain.push(await send(stack, { query }, { 'accept-encoding': 'gzip;q=0, identity' }));
    }
    expect(packed.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip', 'gzip']);
    expect(plain.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, undefined, undefined]);
    for (const { json } of [...packed, ...plain]) expect(json).toEqual(plain[0]?.json);
    expect(packed[1]!.bytes.length).toBeLessThan(plain[1]!.bytes.length / 4);
    for (const { headers, bytes } of [...packed.slice(1), ...plain]) {
      expect(headers).toMatchObject({ vary: 'accept, accept-encoding', 'content-length': String(bytes.length) });
    }
  });

  test('is another answer for other variables, operations and media types', async () => {
    await using stack = await startStack();
    const query = `${SMALL} query Other { workloadCosts(${FILTER}) { rows(first: 1) { totalCount } } }`;
    const ask = async (operationName: string, first: number, accept: string): Promise<unknown[]> => {
      const { headers, json } = await send(stack, { query, operationName, variables: { first } }, { accept });
      const { nodes } = json.data.workloadCosts.rows as { nodes?: unknown[] };
      return [headers['content-type'], nodes?.length];
    };
    const [json, graphql] = ['application/json', 'application/graphql-response+json'];
    for (let time = 0; time < 4; time += 1) {
      for (const first of [1, 2]) {
        expect(await ask('Small', first, json)).toEqual([`${json}; charset=utf-8`, first]);
        expect(await ask('Small', first, graphql)).toEqual([`${graphql}; charset=utf-8`, first]);
        expect(await ask('Other', first, json)).toEqual([`${json}; charset=utf-8`, undefined]);
      }
    }
    expect(readyOf(stack).slice(-6)).toEqual(Array.from({ length: 6 }, () => true));
  });

  test('is another answer for another body with the same checksum', async () => {
    await using stack = await startStack({ clock: createManualClock(), env: NO_TIMER });
    const [one, other] = findSameChecksum(
      (salt) => JSON.stringify({ query: SMALL, variables: { first: 1, salt } }),
      (salt) => JSON.stringify({ query: SMALL, variables: { first: 2, salt } }),
    );
    for (let time = 0; time < 3; time += 1) await send(stack, one);
    const answers = [];
    for (const body of [one, other, one, other]) answers.push(await send(stack, body));
    expect(answers.map(({ json }): unknown => json.data.workloadCosts.rows.nodes)).toMatchObject([
      [{}],
      [{}, {}],
      [{}],
      [{}, {}],
    ]);
    expect(readyOf(stack).slice(-4, -2)).toEqual([true, false]);
    expect(stack.received).toHaveLength(1);
  });

  test('is of the report that is kept: a newer one has answers of its own', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: { ...NO_TIMER, CACHE_STALE_SECONDS: '0' } });
    const ask = async () => (await send(stack, { query: SMALL })).json.data.workloadCosts.asOf as string;
    const first = [await ask(), await ask(), await ask(), await ask()];
    clock.advance(10_000);
    await send(stack, { query: SMALL }, { 'cache-control': 'no-cache' });
    const second = [await ask(), await ask(), await ask()];
    clock.advance(3_601_000);
    const third = [await ask(), await ask(), await ask()];
    expect([first, second, third].map((times) => new Set(times).size)).toEqual([1, 1, 1]);
    expect(new Set([...first, ...second, ...third]).size).toBe(3);
    expect(readyOf(stack).flatMap((ready, at) => (ready ? [at] : []))).toEqual([3, 7, 10]);
    expect(stack.received).toHaveLength(3);
  });

  test('is nothing that failed, or is stale', async () => {
    const clock = createManualClock();
    await using tenants = await startTenants({ tokens: { [TOKEN]: 'tenant' } });
    await using stack = startGateway(tenants.url, { ...NO_TIMER, SCALEOPS_MAX_ATTEMPTS: '1' }, clock);
    const ask = () => send(stack, { query: SMALL });
    await ask();
    clock.advance(3_601_000);
    tenants.setDown(true);
    for (let time = 0; time < 3; time += 1) {
      const { json, headers } = await ask();
      expect([json.extensions.freshness.isStale, headers['cache-control']]).toEqual([true, 'no-store']);
    }
    clock.advance(90_000_000);
    for (let time = 0; time < 3; time += 1) expect((await ask()).json.errors).toHaveLength(1);
    expect(readyOf(stack)).not.toContain(true);
  });

  test('goes with the report that a principal may no longer see', async () => {
    const clock = createManualClock();
    await using tenants = await startTenants({ tokens: { 'token-of-a-caller': 'one', 'token-of-another': 'two' } });
    await using stack = startGateway(
      tenants.url,
      { ...NO_TIMER, SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '', CACHE_RECHECK_SECONDS: '60' },
      clock,
    );
    const ask = async (token: string): Promise<unknown> => {
      const { json } = await send(
        stack,
        { query: '{ workloadCosts { rows { nodes { id } } } }' },
        { authorization: `Bearer ${token}` },
      );
      return json.errors?.[0].extensions.code ?? json.data.workloadCosts.rows.nodes[0].id;
    };
    const own = await ask('token-of-a-caller');
    for (let time = 0; time < 3; time += 1) {
      expect(await ask('token-of-a-caller')).toBe(own);
      expect(await ask('token-of-another')).not.toBe(own);
    }
    expect(readyOf(stack).slice(-2)).toEqual([true, true]);
    expect(tenants.requests).toHaveLength(2);
    tenants.revoke('token-of-a-caller');
    clock.advance(61_000);
    expect(await ask('token-of-a-caller')).toBe('UNAUTHENTICATED');
    expect(await ask('token-of-a-caller')).toBe('UNAUTHENTICATED');
    expect(await ask('token-of-another')).not.toBe(own);
  });

  test('is shared by callers who see the same, and by no others', async () => {
    await using simulated = await startStack();
    const url = await urlOf(simulated);
    const env = { GATEWAY_RATE_LIMIT: '6' };
    const scopes = { callers: { all: 'all', both: 'all', few: [{ clusters: ['prod-us-east-1'] }] } };
    await using stack = startScopedGateway({ url, scopes, callers: ['all', 'both', 'few', 'nobody'], env });
    const query = `{ workloadCosts(${FILTER}) { rows { totalCount } } }`;
    const ask = async (caller: string): Promise<unknown> => {
      const { status, json } = await send(stack, { query }, { 'x-api-key': keyOf(caller) });
      return json.errors === undefined
        ? json.data.workloadCosts.rows.totalCount
        : [status, json.errors[0].extensions.code];
    };
    const all = [await ask('all'), await ask('all'), await ask('both'), await ask('both')];
    expect(all).toEqual([50, 50, 50, 50]);
    expect(readyOf(stack)).toEqual([false, false, false, true]);
    expect(await ask('few')).toBeLessThan(50);
    expect(await ask('nobody')).toEqual([403, 'FORBIDDEN']);
    expect((await send(stack, { query })).json.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect((await send(stack, { query }, { 'x-api-key': 'no such key as this' })).status).toBe(401);
    for (let time = 0; time < 4; time += 1) expect(await ask('all')).toBe(50);
    expect(await ask('all')).toEqual([429, 'RATE_LIMITED']);
    expect(await ask('both')).toBe(50);
  });

  test('is asked about by pages of the listed origins alone', async () => {
    await using stack = await startStack({ env: { GATEWAY_CORS_ORIGINS: 'https://costs.example.com' } });
    for (let time = 0; time < 4; time += 1) {
      const own = await send(stack, { query: SMALL }, { origin: 'https://costs.example.com' });
      const other = await send(stack, { query: SMALL }, { origin: 'https://other.example.com' });
      const none = await send(stack, { query: SMALL });
      expect([own, other, none].map(({ headers }) => headers['access-control-allow-origin'])).toEqual([
        'https://costs.example.com',
        undefined,
        undefined,
      ]);
      for (const { headers } of [own, other, none]) expect(headers.vary).toBe('origin, accept, accept-encoding');
    }
  });
});

describe('limits hold on the lane', () => {
  test('for variables that make a known document too costly', async () => {
    await using stack = await startStack({ env: { GATEWAY_MAX_COST: '500' } });
    const ask = async (first: number): Promise<any> => (await send(stack, { query: SMALL, variables: { first } })).json;
    for (let time = 0; time < 3; time += 1) expect((await ask(10)).errors).toBeUndefined();
    expect((await ask(100_000)).errors[0].extensions.code).toBe('QUERY_TOO_COMPLEX');
    expect((await ask(100_000)).errors[0].extensions.code).toBe('QUERY_TOO_COMPLEX');
  });

  // Mutations: `spec` not looked at, the status of the first error alone (writing.ts).
  test.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'for variables that do not fit, with the same answer as before, to who accepts %s',
    async (accept) => {
      await using stack = await startStack();
      const query =
        'query ($first: Int, $filter: WorkloadCostsFilter) { workloadCosts(filter: $filter) { rows(first: $first) { totalCount } } }';
      const ask = (variables: object) => send(stack, { query, variables }, { accept, 'x-request-id': 'same' });
      const unfit = [
        { first: 'many' },
        { filter: { nope: 1 } },
        { filter: { last: 'long' } },
        { filter: { clusters: { names: ['a', 3] } } },
        // Too many to name all of them.
        { filter: { clusters: { names: Array.from({ length: 100 }, () => null) } } },
      ];
      const before = [];
      for (const variables of unfit) before.push(await ask(variables));
      for (let time = 0; time < 3; time += 1) expect((await ask({ first: time })).json.errors).toBeUndefined();
      for (const [index, variables] of unfit.entries()) expect(await ask(variables)).toEqual(before[index]);
      expect(before.map(({ json }) => String(json.errors[0].extensions.code))).toEqual(
        unfit.map(() => 'BAD_USER_INPUT'),
      );
    },
  );

  test('for variables that do not fit, and for what is no request', async () => {
    await using stack = await startStack();
    for (let time = 0; time < 3; time += 1) await send(stack, { query: SMALL });
    for (const [body, code] of [
      [{ query: SMALL, variables: { first: 'many' } }, 'BAD_USER_INPUT'],
      [{ query: SMALL, variables: [1] }, 'BAD_USER_INPUT'],
      [{ query: SMALL, operationName: 'None' }, 'BAD_USER_INPUT'],
      [{ query: SMALL, more: 1 }, 'BAD_USER_INPUT'],
      ['{', 'BAD_USER_INPUT'],
      ['null', 'BAD_USER_INPUT'],
    ] as const) {
      expect((await send(stack, body)).json.errors?.[0].extensions.code).toBe(code);
    }
    expect((await send(stack, { query: SMALL, variables: { first: -1 } })).json.errors[0]).toMatchObject({
      path: ['workloadCosts', 'rows'],
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

/** The simulator behind a stack. */
async function urlOf({ received, ask }: TestStack): Promise<string> {
  await ask('{ workloadCosts { asOf } }');
  return `http://${received[0]!.headers.host}`;
}

describe('over a socket', () => {
  async function listen(options: Parameters<typeof startStack>[0] = {}) {
    const stack = await startStack(options);
    onTestFinished(() => stack[Symbol.asyncDispose]());
    return { stack, url: new URL(await stack.gateway.listen()) };
  }
  const headersOf = (body: string) => ({
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });

  test('the lane reads a body in pieces, and hands back what it does not know', async () => {
    const { stack, url } = await listen();
    const socket = connect(Number(url.port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    const answers = [];
    for (const first of [1, 1, 1, 1, 2]) {
      const body = JSON.stringify({ query: SMALL, variables: { first } });
      const head = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`POST /graphql HTTP/1.1\r\nhost: localhost\r\n${head.join('')}\r\n${body.slice(0, 20)}`);
      // The first part is there when the server has answered something else that came after it on another connection.
      await (await fetch(new URL('/health/live', url))).text();
      socket.write(body.slice(20));
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      answers.push(JSON.parse(chunk.toString().split('\r\n\r\n')[1]!).data.workloadCosts.rows.nodes.length);
    }
    expect(answers).toEqual([1, 1, 1, 1, 2]);
    expect(readyOf(stack)).toEqual([false, false, false, true, false]);
  });

  test('a long answer comes whole, in pieces, and ends with a client that leaves', async () => {
    const { url } = await listen({ simulator: { workloads: 12_000 } });
    const query = QUESTIONS['all fields of rows']!;
    const body = JSON.stringify({ query });
    const ask = async (): Promise<IncomingMessage> => {
      const request = sendRequest(new URL('/graphql', url), { method: 'POST', headers: headersOf(body) });
      const [response] = (await once(request.end(body), 'response')) as [IncomingMessage];
      return response;
    };
    const answers = [];
    for (let time = 0; time < 3; time += 1) answers.push(await buffer(await ask()));
    const [first, second, third] = answers.map(
      (bytes) => JSON.parse(bytes.toString()).data.workloadCosts.rows.nodes as unknown,
    );
    expect(first).toHaveLength(12_000);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const left = await ask();
    left.destroy();
    expect(JSON.parse((await buffer(await ask())).toString()).data.workloadCosts.rows.nodes).toEqual(first);
  });
});
