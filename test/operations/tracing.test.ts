// Traces at a receiver over a real socket: spans, attributes, parents; and a failing receiver affects no request.

import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { createSpanPipeline } from '../../src/telemetry/span-pipeline.js';
import { SAMPLERS } from '../../src/telemetry/tracing.js';
import { createManualClock } from '../kit/time/clock.js';
import { settle as settleTurn, watch } from '../kit/time/deferred.js';
import { createIdleClock } from '../kit/time/idle-clock.js';
import { CANARY, goodReport, json, neverRespond, status, type SeenRequest } from '../kit/upstream/fault-server.js';
import { failing, ONE, settle, startFixture, WORKLOADS } from '../kit/upstream/fault-fixture.js';
import { createGate } from '../kit/time/gate.js';
import { startGateway, startStack, type TestGateway } from '../kit/gateway.js';
import { LOGIN, startFixture as startLoginStand, until } from '../kit/identity/credentials.js';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../kit/formats/otlp.js';

const COST = '{ workloadCosts { asOf } }';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const envOf = (receiver: OtlpReceiver, env: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  ...env,
});

/** All spans, complete when the gateway is closed. */
async function spansOf({ gateway }: TestGateway, receiver: OtlpReceiver): Promise<readonly ReceivedSpan[]> {
  await gateway.close();
  return receiver.spans;
}

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] =>
  spans.filter((span) => span.name === name);
const childrenOf = (spans: readonly ReceivedSpan[], parent: ReceivedSpan): ReceivedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent.spanId);
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const { outcome } = watch(promise);
  await settleTurn();
  return outcome() !== 'pending';
}
/** The request of this span's attempt. */
const traceparentOf = ({ traceId, spanId }: ReceivedSpan, flags = '01'): string => `00-${traceId}-${spanId}-${flags}`;
const traceparentsOf = (requests: readonly Pick<SeenRequest, 'headers'>[]) =>
  requests.map(({ headers }) => headers.traceparent);

describe('the spans of an operation', () => {
  // Mutations: no span, or one without a parent, for a cached report.
  test('include loads of cached reports', async () => {
    await using receiver = await startOtlpReceiver();
    await using stack = await startStack({ env: envOf(receiver) });
    for (let time = 0; time < 3; time += 1) await stack.send(COST);
    const spans = await spansOf(stack, receiver);
    // The third response comes from the response cache, without a load.
    const loads = named(spans, 'query').map((operation) => childrenOf(spans, operation));
    expect(loads.map((each) => each.map(({ name, attributes }) => [name, attributes['gateway.cache.result']]))).toEqual(
      [[['load report', 'miss']], [['load report', 'hit']], []],
    );
  });

  // Mutations: a loader or call that loses the current span; spans that are all children of the operation.
  test('form a tree from the operation over the loads to each attempt, with their outcomes', async () => {
    await using receiver = await startOtlpReceiver();
    const env = envOf(receiver, { GATEWAY_METRICS_OPERATIONS: 'Costs', OTEL_SERVICE_NAME: 'costs' });
    await using fixture = await startFixture({ env });
    const { gateway, upstream, clock } = fixture;
    upstream.respond(WORKLOADS, failing(1, status(503)));
    const { response } = await settle(
      gateway.send(`query Costs { workloadCosts { asOf } aggregatedCosts { asOf } }`, undefined, {
        headers: { 'x-request-id': 'request-1' },
      }),
      clock,
    );
    expect(response.errors).toEqual([]);
    const spans = await spansOf(gateway, receiver);

    const [operation, ...others] = named(spans, 'query Costs');
    expect(others).toEqual([]);
    expect(operation).toMatchObject({ parentSpanId: '', kind: 2, status: 0, events: 0 });
    expect(operation!.attributes).toEqual({
      'gateway.request_id': 'request-1',
      'gateway.result': 'ok',
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Costs',
      'http.response.status_code': 200,
    });
    const loads = childrenOf(spans, operation!);
    expect(loads.map(({ name, kind, attributes }) => [name, kind, attributes])).toEqual(
      ['aggregated', 'workloads'].map((report) => [
        'load report',
        1,
        { 'gateway.report': report, 'gateway.cache.result': 'miss', 'gateway.cache.stale': false },
      ]),
    );
    const attempts = childrenOf(spans, loads[1]!);
    expect(attempts.map(({ name, kind, status: code, attributes }) => [name, kind, code, attributes])).toEqual([
      [
        'call ScaleOps',
        3,
        2,
        {
          'http.request.method': 'POST',
          'gateway.report': 'workloads',
          'gateway.attempt': 1,
          'gateway.retry': false,
          'http.response.status_code': 503,
          'error.type': 'UPSTREAM_UNAVAILABLE',
        },
      ],
      [
        'call ScaleOps',
        3,
        0,
        {
          'http.request.method': 'POST',
          'gateway.report': 'workloads',
          'gateway.attempt': 2,
          'gateway.retry': true,
          'http.response.status_code': 200,
        },
      ],
    ]);
    const all = [operation!, ...loads, ...attempts, ...childrenOf(spans, loads[0]!)];
    expect(new Set(all)).toEqual(new Set(spans));
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(spans.every(({ startNs, endNs }) => endNs >= startNs && startNs > 1_700_000_000_000_000_000n)).toBe(true);
    // Each request carried the span of its own attempt.
    const sent = traceparentsOf(upstream.requests);
    expect([...sent].sort()).toEqual(
      named(spans, 'call ScaleOps')
        .map((span) => traceparentOf(span))
        .sort(),
    );

    expect(receiver.exports.map(({ path, headers }) => [path, headers['content-type']])).toEqual([
      ['/v1/traces', 'application/x-protobuf'],
    ]);
    expect(receiver.exports[0]!.resource).toMatchObject({ 'service.name': 'costs', 'service.version': 'unknown' });
    expect(gateway.log.find(({ msg }) => msg === 'operation')).toMatchObject({ traceId: operation!.traceId });
  });

  test('name only listed operations, and have the error codes of the response', async () => {
    await using receiver = await startOtlpReceiver();
    await using fixture = await startFixture({ env: envOf(receiver, { SCALEOPS_MAX_ATTEMPTS: '1' }) });
    const { gateway, upstream } = fixture;
    upstream.respond(WORKLOADS, status(503));
    await gateway.send(`query ${CANARY}1 ${COST}`);
    await gateway.send(`query { ${CANARY} }`);
    const spans = await spansOf(gateway, receiver);
    const [failed, refused] = [named(spans, 'query')[0]!, named(spans, 'graphql')[0]!];
    expect(failed).toMatchObject({ status: 2, statusMessage: '' });
    expect(failed.attributes).toMatchObject({
      'gateway.result': 'partial',
      'gateway.error_codes': ['UPSTREAM_UNAVAILABLE'],
      'http.response.status_code': 200,
    });
    // A mistake of the client is no error of the gateway.
    expect(refused).toMatchObject({ status: 0 });
    expect(refused.attributes).toMatchObject({
      'gateway.result': 'error',
      'gateway.error_codes': ['GRAPHQL_VALIDATION_FAILED'],
      'http.response.status_code': 400,
    });
    expect(childrenOf(spans, refused)).toEqual([]);
    const [load] = childrenOf(spans, failed);
    expect(load).toMatchObject({ status: 2, attributes: { 'error.type': 'UPSTREAM_UNAVAILABLE' } });
    // The code is in the span, but no text or stack of an error.
    expect(spans.map(({ statusMessage, events }) => [statusMessage, events])).toEqual(spans.map(() => ['', 0]));
    for (const { body } of receiver.exports) expect(body.toString('latin1')).not.toContain(CANARY);
  });

  test('share one call, which is a child of the first, and each has its own cache result', async () => {
    await using receiver = await startOtlpReceiver();
    const gate = createGate();
    await using stack = await startStack({ env: envOf(receiver), simulator: { latency: gate.pass } });
    const pending = [stack.send(COST)];
    await gate.arrivals(1);
    for (let time = 0; time < 3; time += 1) pending.push(stack.send(COST));
    gate.open();
    await Promise.all(pending);
    const spans = await spansOf(stack, receiver);
    expect(stack.received).toHaveLength(1);
    const [attempt, ...others] = named(spans, 'call ScaleOps');
    expect(others).toEqual([]);
    const loads = named(spans, 'load report');
    expect(loads.map(({ attributes }) => attributes['gateway.cache.result']).sort()).toEqual([
      ...['collapsed', 'collapsed', 'collapsed', 'miss'],
    ]);
    expect(loads.find(({ spanId }) => spanId === attempt!.parentSpanId)!.attributes['gateway.cache.result']).toBe(
      'miss',
    );
    // Each in its own trace.
    expect(new Set(named(spans, 'query').map(({ traceId }) => traceId)).size).toBe(4);
    expect(new Set(loads.map(({ parentSpanId }) => parentSpanId)).size).toBe(4);
  });

  // A reused connection was opened by another operation.
  test('belong to their own operation over one connection, and a refresh to the operation that caused it', async () => {
    await using receiver = await startOtlpReceiver();
    const clock = createIdleClock();
    await using stack = await startStack({ clock, env: envOf(receiver, { SCALEOPS_MAX_IN_FLIGHT: '1' }) });
    for (const name of ['a', 'b', 'c']) {
      await stack.send(`{ workloadCosts(filter: { namespaces: { names: ["${name}"] } }) { asOf } }`);
    }
    clock.advance(61_000);
    await stack.send('{ workloadCosts(filter: { namespaces: { names: ["c"] } }) { asOf } }');
    await clock.idle();
    const spans = await spansOf(stack, receiver);
    const operations = named(spans, 'query');
    expect(operations).toHaveLength(4);
    const results = operations.map((operation) => {
      const [load, ...more] = childrenOf(spans, operation);
      expect(more).toEqual([]);
      expect(childrenOf(spans, load!).map(({ name }) => name)).toEqual(['call ScaleOps']);
      return [load!.attributes['gateway.cache.result'], load!.attributes['gateway.cache.stale']];
    });
    expect(results).toEqual([
      ['miss', false],
      ['miss', false],
      ['miss', false],
      ['stale', true],
    ]);
    expect(stack.received).toHaveLength(4);
  });

  test('show logins beside the attempts that needed them', async () => {
    await using receiver = await startOtlpReceiver();
    await using fixture = await startLoginStand({ env: { ...LOGIN, ...envOf(receiver) } });
    await fixture.send();
    fixture.live.clear();
    await fixture.send(1);
    const spans = await spansOf(fixture.gateway, receiver);
    const [first, second] = named(spans, 'load report');
    const shown = (load: ReceivedSpan | undefined) =>
      childrenOf(spans, load!).map(({ name, kind, attributes }) => [name, kind, attributes['error.type']]);
    expect(shown(first)).toEqual([
      ['log in', 3, undefined],
      ['call ScaleOps', 3, undefined],
    ]);
    expect(shown(second)).toEqual([
      ['call ScaleOps', 3, 'UPSTREAM_UNAUTHENTICATED'],
      ['log in', 3, undefined],
      ['call ScaleOps', 3, undefined],
    ]);
    expect(
      childrenOf(spans, second!)
        .filter(({ name }) => name === 'call ScaleOps')
        .map(({ attributes }) => [attributes['gateway.attempt'], attributes['gateway.retry']]),
    ).toEqual([
      [1, false],
      [2, false],
    ]);
    // A login host gets no trace headers.
    expect(traceparentsOf(fixture.logins)).toEqual([undefined, undefined]);
  });

  test('end when the client closes the connection, without an error', async () => {
    await using receiver = await startOtlpReceiver();
    await using fixture = await startFixture({ env: envOf(receiver) });
    const { gateway, upstream } = fixture;
    upstream.respond(WORKLOADS, neverRespond);
    const client = new AbortController();
    const settled = Promise.allSettled([gateway.send(ONE, undefined, { signal: client.signal })]);
    await upstream.arrivals(1);
    client.abort();
    await settled;
    const spans = await spansOf(gateway, receiver);
    expect(spans.map(({ name, status: code }) => [name, code]).sort()).toEqual([
      ['call ScaleOps', 0],
      ['load report', 0],
      ['query', 0],
    ]);
    expect(named(spans, 'query')[0]!.attributes['gateway.result']).toBe('client_closed');
    expect(named(spans, 'call ScaleOps')[0]!.attributes['error.type']).toBe('aborted');
  });
});

describe('the trace of a caller', () => {
  async function sendWith(headers: Record<string, string>, env: Record<string, string> = {}) {
    await using receiver = await startOtlpReceiver();
    await using stack = await startStack({ env: envOf(receiver, env) });
    expect((await stack.send(COST, undefined, { headers })).errors).toEqual([]);
    const spans = await spansOf(stack, receiver);
    return { spans, sent: stack.received[0]!.headers, log: stack.log.find(({ msg }) => msg === 'operation')! };
  }

  test('is continued: its parent, state and sampling decision', async () => {
    const { spans, sent, log } = await sendWith(
      { traceparent: PARENT, tracestate: 'vendor=abc,other=1', baggage: `user=${CANARY}` },
      // The caller's decision takes precedence.
      { OTEL_TRACES_SAMPLER_ARG: '0' },
    );
    expect(spans).toHaveLength(3);
    expect(named(spans, 'query')[0]).toMatchObject({ traceId: TRACE_ID, parentSpanId: 'b7ad6b7169203331' });
    const [attempt] = named(spans, 'call ScaleOps');
    expect(sent).toMatchObject({ traceparent: traceparentOf(attempt!), tracestate: 'vendor=abc,other=1' });
    expect(sent.baggage).toBeUndefined();
    expect(log.traceId).toBe(TRACE_ID);
  });

  test('that is not sampled is not sampled here either, and is propagated', async () => {
    const { spans, sent, log } = await sendWith({ traceparent: PARENT.replace(/1$/, '0') });
    expect(spans).toEqual([]);
    expect(sent.traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[\\da-f]{16}-00$`));
    expect(log.traceId).toBe(TRACE_ID);
  });

  test.each([
    ['nonsense', { traceparent: 'nonsense' }],
    ['all zeros', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    ['an unknown version without a meaning', { traceparent: PARENT.replace('00-', 'ff-') }],
    ['more fields than the version has', { traceparent: `${PARENT}-more` }],
    ['capital letters', { traceparent: PARENT.toUpperCase() }],
    ['two values', { traceparent: `${PARENT}, ${PARENT}` }],
    ['a very long value', { traceparent: `${PARENT}${'-a'.repeat(5_000)}` }],
    ['only a state', { tracestate: 'vendor=abc' }],
  ])('is ignored when it is invalid: %s', async (_what, headers) => {
    const { spans, sent, log } = await sendWith(headers);
    const [operation] = named(spans, 'query');
    expect(operation).toMatchObject({ parentSpanId: '' });
    expect(operation!.traceId).not.toBe(TRACE_ID);
    expect(sent.tracestate).toBeUndefined();
    expect(log.traceId).toBe(operation!.traceId);
  });

  test.each([
    ['a very long value', 'vendor='.padEnd(9_000, 'a')],
    ['nonsense', '=,,=;\u00e9'],
  ])('is continued without an invalid state: %s', async (_what, tracestate) => {
    const { spans, sent } = await sendWith({ traceparent: PARENT, tracestate });
    expect(named(spans, 'query')[0]).toMatchObject({ traceId: TRACE_ID, traceState: '' });
    expect(sent.tracestate ?? '').toBe('');
  });

  test('is sampled by the ratio when the caller sends none', async () => {
    const { spans, sent } = await sendWith({}, { OTEL_TRACES_SAMPLER_ARG: '0' });
    expect(spans).toEqual([]);
    expect(sent.traceparent).toMatch(/-00$/);
  });

  test('appears in the log only when tracing is off', async () => {
    await using stack = await startStack();
    await stack.send(COST, undefined, { headers: { traceparent: PARENT } });
    expect(stack.log[0]).toMatchObject({ traceId: TRACE_ID });
    expect(stack.received[0]!.headers.traceparent).toBeUndefined();
  });
});

describe('the receiver', () => {
  test('gets its headers, and a redirect target does not', async () => {
    await using receiver = await startOtlpReceiver();
    await using other = await startOtlpReceiver();
    receiver.respond(307, { location: `${other.url}/v1/traces` });
    const env = envOf(receiver, { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20key,content-type=text/plain' });
    await using stack = await startStack({ env });
    await stack.send(COST);
    await stack.gateway.close();
    expect(receiver.exports.map(({ headers }) => [headers.authorization, headers['content-type']])).toEqual([
      ['Bearer key', 'application/x-protobuf'],
    ]);
    expect(other.exports).toEqual([]);
    expect(stack.received[0]!.headers.authorization).not.toContain('key');
    expect(stack.log.at(-1)).toMatchObject({ level: 40, reason: 'HTTP 307' });
  });

  test('gets a batch for every 512 spans, without loss or duplicates', async () => {
    await using receiver = await startOtlpReceiver();
    await using stack = await startStack({ env: envOf(receiver, { GATEWAY_METRICS: 'off' }) });
    for (let time = 0; time < 600; time += 1) await stack.send('{ __typename }');
    await receiver.arrivals(1);
    expect(receiver.exports[0]!.spans).toHaveLength(512);
    const spans = await spansOf(stack, receiver);
    expect(spans).toHaveLength(600);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(600);
  }, 60_000);

  // Mutations: a line for each export; an error that reaches a request; a queue without a bound.
  test('that is down affects no request, and is logged once when it fails and once when it recovers', async () => {
    await using receiver = await startOtlpReceiver();
    receiver.respond(400);
    const clock = createIdleClock();
    await using stack = await startStack({ clock, env: envOf(receiver) });
    const sendMany = async (count: number) => {
      for (let time = 0; time < count; time += 1) expect((await stack.send('{ __typename }')).errors).toEqual([]);
    };
    const exportLines = () => stack.log.filter(({ msg }) => String(msg).includes('traces'));
    await sendMany(512);
    await receiver.arrivals(1);
    await sendMany(512);
    await receiver.arrivals(2);
    await until(() => exportLines().length > 0);
    expect(exportLines()).toMatchObject([
      { level: 40, msg: 'traces cannot be exported; they are dropped', reason: 'HTTP 400' },
    ]);
    receiver.respond(200);
    await sendMany(512);
    await until(() => exportLines().length > 1);
    expect(exportLines()).toHaveLength(2);
    expect(exportLines()[1]).toMatchObject({ level: 30, msg: 'traces are exported again' });
    expect(JSON.stringify(stack.log)).not.toMatch(/canary|127\.0\.0\.1/);
  }, 60_000);

  test.each([
    ['does not respond', 'hang'],
    ['is always busy', 503],
    ['never ends its response', 'endless'],
  ] as const)('that %s delays a closing gateway by one second at most', async (_what, how) => {
    await using receiver = await startOtlpReceiver();
    receiver.respond(how);
    const clock = createManualClock();
    const stack = startGateway('http://127.0.0.1:9', envOf(receiver), clock);
    await stack.send('{ __typename }');
    const closed = stack.gateway.close();
    await receiver.arrivals(1);
    await until(() => clock.pending() === 1);
    clock.advance(999);
    expect(await isSettled(closed)).toBe(false);
    clock.advance(1);
    await closed;
    // The gateway stopped waiting: the receiver's result is unknown.
    expect(stack.log.filter(({ level }) => Number(level) > 30)).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  test('that hangs gets at most five batches, and the queue holds at most 2,048 spans', async () => {
    await using receiver = await startOtlpReceiver();
    receiver.respond('hang');
    const clock = createManualClock();
    const { tracer, close } = createSpanPipeline({
      settings: {
        url: receiver.url,
        headers: {},
        resourceAttributes: {},
        sampler: { kind: 'always_on', ratio: 1 },
      },
      version: '1',
      clock,
      nameOf: () => 'other',
      onExportFailure: () => undefined,
    });
    for (let count = 0; count < 5_000; count += 1) tracer.startSpan('span', {}, ROOT_CONTEXT).end();
    await receiver.arrivals(1);
    receiver.respond(200);
    const closed = close();
    // The first batch hangs; the queued ones are sent concurrently.
    await receiver.arrivals(5);
    clock.advance(1_000);
    await closed;
    expect(receiver.exports.map(({ spans }) => spans.length)).toEqual([512, 512, 512, 512, 512]);
  });
});

describe('the variables of OpenTelemetry', () => {
  const exportWith = async (env: (receiver: OtlpReceiver) => Record<string, string>, headers = {}) => {
    await using receiver = await startOtlpReceiver();
    await using stack = await startStack({ env: env(receiver) });
    await stack.send('{ __typename }', undefined, { headers });
    await stack.gateway.close();
    return receiver.exports[0];
  };

  test('send traces to the whole URL of OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', async () => {
    const sent = await exportWith(({ url }) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/own/path`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-a=1,x-b=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-b=2',
    }));
    expect(sent).toMatchObject({ path: '/own/path', headers: { 'x-a': '1', 'x-b': '2' } });
  });

  test('describe the gateway by OTEL_RESOURCE_ATTRIBUTES, whose service.name yields to OTEL_SERVICE_NAME', async () => {
    const attributes = 'service.name=a,deployment.environment=pr%6Fd';
    const resourceWith = async (env: Record<string, string>) =>
      (await exportWith((receiver) => envOf(receiver, env)))!.resource;
    expect(await resourceWith({})).toMatchObject({ 'service.name': 'scaleops-cost-gateway' });
    expect(await resourceWith({ OTEL_RESOURCE_ATTRIBUTES: attributes })).toMatchObject({
      'service.name': 'a',
      'deployment.environment': 'prod',
    });
    const both = { OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: 'b' };
    expect(await resourceWith(both)).toMatchObject({ 'service.name': 'b' });
  });

  test.each([
    ['always_on', '0', { own: true, sampled: true, unsampled: true }],
    ['always_off', '1', { own: false, sampled: false, unsampled: false }],
    ['traceidratio', '0', { own: false, sampled: false, unsampled: false }],
    ['traceidratio', '1', { own: true, sampled: true, unsampled: true }],
    ['parentbased_always_on', '0', { own: true, sampled: true, unsampled: false }],
    ['parentbased_always_off', '1', { own: false, sampled: true, unsampled: false }],
    ['parentbased_traceidratio', '0', { own: false, sampled: true, unsampled: false }],
    ['unknown', '1', { own: true, sampled: true, unsampled: false }],
  ])('sample by OTEL_TRACES_SAMPLER=%s with the argument %s', async (kind, ratio, expected) => {
    const env = { OTEL_TRACES_SAMPLER: kind, OTEL_TRACES_SAMPLER_ARG: ratio };
    const isExported = async (headers: Record<string, string>) =>
      (await exportWith((receiver) => envOf(receiver, env), headers)) !== undefined;
    expect({
      own: await isExported({}),
      sampled: await isExported({ traceparent: PARENT }),
      unsampled: await isExported({ traceparent: PARENT.replace(/1$/, '0') }),
    }).toEqual(expected);
  });

  test.each([
    ['OTEL_SDK_DISABLED', 'TRUE'],
    ['OTEL_TRACES_EXPORTER', 'none'],
  ])('turn traces off by %s=%s', async (name, value) => {
    expect(await exportWith((receiver) => envOf(receiver, { [name]: value }))).toBeUndefined();
  });

  test.each([
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/json', 'http/protobuf'],
    ['OTEL_TRACES_EXPORTER', 'zipkin', 'otlp, none'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', SAMPLERS.join(', ')],
    ['OTEL_SDK_DISABLED', 'yes', 'true, false'],
  ])('warn about %s=%s, and say what is supported', (name, value, supported) => {
    expect(warningsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector', [name]: value })).toEqual([
      `${name} has a value that is not supported, and is ignored. Supported: ${supported}.`,
    ]);
  });

  test('warn about variables that have no effect', () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector' };
    expect(warningsOf({ ...endpoint, OTEL_PROPAGATORS: 'b3', OTEL_BSP_MAX_QUEUE_SIZE: '1' })).toEqual([
      'OTEL_PROPAGATORS, OTEL_BSP_MAX_QUEUE_SIZE: not supported by the gateway, without effect.',
    ]);
    expect(warningsOf({ ...endpoint, OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: '0.5' })).toEqual([
      'OTEL_TRACES_SAMPLER_ARG has no effect with this OTEL_TRACES_SAMPLER.',
    ]);
    expect(warningsOf({ OTEL_TRACES_SAMPLER: 'always_on' })).toEqual([
      'OTEL_TRACES_SAMPLER has no effect without OTEL_EXPORTER_OTLP_ENDPOINT.',
    ]);
    const readByExporter = { OTEL_EXPORTER_OTLP_TIMEOUT: '5000', OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip' };
    expect(warningsOf({ ...endpoint, ...readByExporter, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })).toEqual([]);
  });

  const warningsOf = (env: Record<string, string>): readonly string[] =>
    readConfig({ SCALEOPS_URL: 'http://scaleops', SCALEOPS_TOKEN: 'token', ...env }).warnings;
});

test('tracing adds only traceparent to requests to ScaleOps', async () => {
  await using receiver = await startOtlpReceiver();
  const headersOf = async (env: Record<string, string>) => {
    await using fixture = await startFixture({ env });
    fixture.upstream.respond(WORKLOADS, json(goodReport()));
    await fixture.gateway.send(ONE);
    const { host: _, ...headers } = fixture.upstream.requests[0]!.headers;
    return headers;
  };
  const { traceparent, ...headers } = await headersOf(envOf(receiver));
  expect(traceparent).toMatch(/^00-/);
  expect(headers).toEqual(await headersOf({}));
});
