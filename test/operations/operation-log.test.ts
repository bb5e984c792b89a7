// The log line of each operation: its fields, and which operations have none.

import { buildSchema } from 'graphql';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';

import { toFetch } from '../../src/http/fetch-adapter.js';
import { parseTraceId } from '../../src/http/response/trace-parent.js';
import { createManualClock } from '../kit/time/clock.js';
import { until } from '../kit/identity/credentials.js';
import { neverRespond } from '../kit/upstream/fault-server.js';
import { DOWN, namespaceQuery, ONE, startFixture, TIMEOUT_MS, WORKLOADS } from '../kit/upstream/fault-fixture.js';
import { sendQuery, startStack, type TestGateway } from '../kit/gateway.js';
import { createTestHandler } from '../kit/http-handler.js';

const GOOD_ONE = '{ __typename }';
const operationsOf = ({ log }: TestGateway) => log.filter(({ msg }) => msg === 'operation');
const sampling = (percent: number) => ({ LOG_SAMPLE_PERCENT: String(percent) });

describe('the log line of an operation', () => {
  test('has only known fields', async () => {
    await using stack = await startStack();
    await stack.send('query Costs { workloadCosts { asOf } }', undefined, {
      headers: { 'x-request-id': 'request-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` },
    });
    const [{ level: _, time, ...line }, ...others] = stack.log as [Record<string, unknown>];
    expect([others, typeof time]).toEqual([[], 'number']);
    expect(line).toEqual({
      requestId: 'request-1',
      traceId: 'a'.repeat(32),
      operationName: 'Costs',
      status: 200,
      durationMs: expect.any(Number) as number,
      cache: { hit: 0, stale: 0, shared: 0, collapsed: 0, miss: 1 },
      upstreamMs: expect.any(Number) as number,
      msg: 'operation',
    });
  });

  test('names the caller that authenticated', async () => {
    const log: string[] = [];
    const logger = pino({ base: null }, { write: (line: string) => log.push(line) });
    const authentication = {
      isReady: () => true,
      authenticate: () => Promise.resolve({ name: 'dashboards', permissions: undefined }),
    };
    const schema = buildSchema('type Query { a: String }');
    await sendQuery(toFetch(createTestHandler({ schema, logger, services: { authentication } })), '{ a }');
    expect(JSON.parse(log[0]!)).toMatchObject({ msg: 'operation', caller: 'dashboards' });
  });

  test('is a warning when ScaleOps fails, with the time spent waiting for it', async () => {
    await using fixture = await startFixture({ env: { CACHE_TTL_SECONDS: '10', CACHE_STALE_SECONDS: '0' } });
    const { gateway, upstream, clock } = fixture;
    await gateway.send(ONE);
    upstream.respond(WORKLOADS, neverRespond);
    const sendFailing = async (query: string) => {
      const arrived = upstream.requests.length;
      const pending = gateway.send(query);
      await upstream.arrivals(arrived + 1);
      clock.advance(TIMEOUT_MS);
      await pending;
    };
    await sendFailing(namespaceQuery('other'));
    await sendFailing(ONE);
    await gateway.send('{ workloadCosts(filter: { last: "7 days" }) { asOf } }');
    const failed = { level: 40, durationMs: TIMEOUT_MS, upstreamMs: TIMEOUT_MS };
    expect(operationsOf(gateway)).toMatchObject([
      { level: 30, upstreamMs: 0 },
      { ...failed, errorCodes: ['UPSTREAM_TIMEOUT'], errorReasons: ['deadline'] },
      { ...failed, staleErrorCodes: ['UPSTREAM_TIMEOUT'] },
      { level: 30, errorCodes: ['BAD_USER_INPUT'] },
    ]);
  });
});

describe('a sample of the operations', () => {
  // Mutation: random sampling instead of a counter.
  test.each([
    [100, 40],
    [50, 20],
    [33, 13],
    [5, 2],
    [1, 0],
    [0, 0],
  ])('of %i percent has %i of 40 operations, evenly spaced', async (percent, expected) => {
    await using stack = await startStack({ env: sampling(percent) });
    const logged: number[] = [];
    for (let index = 1; index <= 40; index += 1) {
      await stack.send(GOOD_ONE);
      if (operationsOf(stack).length > logged.length) logged.push(index);
    }
    expect(logged).toEqual(Array.from({ length: expected }, (_, at) => Math.ceil(((at + 1) * 100) / percent)));
  });

  test('has every failed operation in addition to the sample', async () => {
    await using fixture = await startFixture({ env: { ...sampling(0), SCALEOPS_MAX_ATTEMPTS: '1' } });
    const { gateway, upstream } = fixture;
    upstream.respond(WORKLOADS, DOWN);
    await gateway.send(ONE);
    await gateway.send('{ nothing }');
    await gateway.send('{');
    await gateway.send(GOOD_ONE, undefined, { headers: { accept: 'image/png' } });
    await gateway.send(GOOD_ONE);
    expect(operationsOf(gateway).map(({ errorCodes, status }) => [errorCodes, status])).toEqual([
      [['UPSTREAM_UNAVAILABLE'], 200],
      [['GRAPHQL_VALIDATION_FAILED'], 400],
      [['GRAPHQL_PARSE_FAILED'], 400],
      [['NOT_ACCEPTABLE'], 406],
    ]);
  });

  test('has every operation with stale reports', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: sampling(0) });
    await stack.send('{ workloadCosts { asOf } }');
    clock.advance(61_000);
    await stack.send('{ workloadCosts { asOf } }');
    await until(() => stack.received.length === 2);
    expect(operationsOf(stack).map(({ cache }) => cache)).toMatchObject([{ stale: 1 }]);
  });
});

describe('a traceparent', () => {
  const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];

  test.each([
    [`00-${trace}-${parent}-01`],
    [`00-${trace}-${parent}-00`],
    [`01-${trace}-${parent}-00`],
    [`cc-${trace}-${parent}-01-what-comes-later`],
  ])('sets the trace id: %s', (header) => {
    expect(parseTraceId(header)).toBe(trace);
  });

  test.each([
    [null],
    [''],
    [trace],
    [`ff-${trace}-${parent}-01`],
    [`00-${trace}-${parent}-01-more`],
    [`00-${trace}-${parent}-01 `],
    [`00-${trace.toUpperCase()}-${parent}-01`],
    [`00-${'0'.repeat(32)}-${parent}-01`],
    [`00-${trace}-${'0'.repeat(16)}-01`],
    [`00-${trace}0-${parent}-01`],
    [`00-${trace}-${parent}-1`],
    [`00-${trace}-${parent}-01, 00-${trace}-${parent}-01`],
    [`00-${trace}-${parent}-01\n`],
  ])('that is invalid sets no trace id: %j', (header) => {
    expect(parseTraceId(header)).toBeUndefined();
  });
});

test('the request id of the client is kept when it is valid, and replaced otherwise', async () => {
  await using stack = await startStack();
  const idFor = async (given: string) =>
    (await stack.send(GOOD_ONE, undefined, { headers: { 'x-request-id': given } })).headers.get('x-request-id') ?? '';
  for (const valid of ['a', '4bf92f35-77b3.4da6:a3_c', 'x'.repeat(128)]) expect(await idFor(valid)).toBe(valid);
  for (const odd of ['', 'x'.repeat(129), 'a b', '{"a":1}', 'é', '<script>'])
    expect(await idFor(odd)).toMatch(/^[\da-f-]{36}$/);
});
