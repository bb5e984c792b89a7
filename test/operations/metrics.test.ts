// The output of `/metrics`, parsed strictly, and compared with the requests that ScaleOps received.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';

import { readConfig } from '../../src/config/config.js';
import { ERROR_CODES } from '../../src/errors.js';
import { createGateway, type Gateway } from '../../src/app/gateway.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { createManualClock } from '../kit/time/clock.js';
import { LOGIN, startFixture as startLoginStand, until } from '../kit/identity/credentials.js';
import * as faults from '../kit/upstream/fault-server.js';
import {
  DOWN,
  failing,
  GOOD,
  hold,
  namespaceQuery,
  ONE,
  settle,
  startFixture,
  WORKLOADS,
} from '../kit/upstream/fault-fixture.js';
import { createGate } from '../kit/time/gate.js';
import { startStack, TOKEN } from '../kit/gateway.js';
import { parseMetrics, type Metrics } from '../kit/formats/prometheus.js';
import { isRedisSkipped, startRedis } from '../kit/processes/redis.js';

/** Waits for a turn of the event loop, so pending work proceeds. */
async function scrape(gateway: Pick<Gateway, 'fetch'>): Promise<Metrics> {
  await setImmediate();
  return parseMetrics(await (await gateway.fetch(new Request('http://gateway/metrics'))).text());
}

const NAMED = { GATEWAY_METRICS_OPERATIONS: 'Costs,Listed' };
const COST = '{ workloadCosts { asOf } }';

describe('/metrics', () => {
  test('is in the text format, is not cached, and needs no authentication', async () => {
    await using stack = await startStack({ env: { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' } });
    const url = await stack.gateway.listen();
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { families } = parseMetrics(await response.text());
    expect([...families].map(([name, { type }]) => `${name} ${type}`).sort()).toEqual([
      'gateway_build_info gauge',
      'gateway_cache_bytes gauge',
      'gateway_cache_entries gauge',
      'gateway_cache_max_bytes gauge',
      'gateway_cache_results_total counter',
      'gateway_errors_total counter',
      'gateway_event_loop_delay_seconds gauge',
      'gateway_operation_duration_seconds histogram',
      'gateway_operations_in_flight gauge',
      'gateway_operations_total counter',
      'gateway_report_warnings_total counter',
      'gateway_requests_rejected_total counter',
      'gateway_response_cache_hits_total counter',
      'gateway_uncaught_errors_total counter',
      'gateway_upstream_attempt_duration_seconds histogram',
      'gateway_upstream_attempts_total counter',
      'gateway_upstream_circuit_breaker_open gauge',
      'gateway_upstream_in_flight gauge',
      'gateway_upstream_logins_total counter',
      'gateway_upstream_queued gauge',
      'gateway_upstream_retries_total counter',
    ]);
    expect(stack.log).toEqual([]);
  });

  test('is 404 when it is switched off', async () => {
    await using stack = await startStack({ env: { GATEWAY_METRICS: 'off' } });
    expect((await stack.gateway.fetch(new Request('http://gateway/metrics'))).status).toBe(404);
    expect((await stack.send(COST)).errors).toEqual([]);
  });

  test('covers one gateway, and the process only when configured', async () => {
    await using first = await startStack();
    await using second = await startStack();
    await first.send(COST);
    expect((await scrape(first.gateway)).sum('gateway_operations_total')).toBe(1);
    const other = await scrape(second.gateway);
    expect(other.sum('gateway_operations_total')).toBe(0);
    expect([...other.families.keys()].filter((name) => !name.startsWith('gateway_'))).toEqual([]);

    const { config } = readConfig({ SCALEOPS_URL: 'http://127.0.0.1:1', SCALEOPS_TOKEN: TOKEN });
    const alone = createGateway(config, {
      logger: pino({ level: 'silent' }),
      version: '1.2.3',
      collectProcessMetrics: true,
    });
    const { value } = await scrape(alone);
    await alone.close();
    expect(value('gateway_build_info', { version: '1.2.3' })).toBe(1);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
  });
});

/** https://prometheus.io/docs/practices/naming/ and the rules of `promtool check metrics`. */
describe('the names of metrics', () => {
  const exposed = async (): Promise<string> => {
    const { config } = readConfig({ SCALEOPS_URL: 'http://127.0.0.1:1', SCALEOPS_TOKEN: TOKEN });
    const gateway = createGateway(config, { logger: pino({ level: 'silent' }), collectProcessMetrics: true });
    const text = await (await gateway.fetch(new Request('http://gateway/metrics'))).text();
    await gateway.close();
    return text;
  };

  test('end in _total only for counters, and name base units', async () => {
    for (const [name, { type, samples }] of parseMetrics(await exposed()).families) {
      expect(name).toMatch(/^(?:gateway|process|nodejs)(?:_[a-z]+)+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(
        /_(?:ms|millis|milliseconds|minutes|kb|mb|mib|kilobytes|percent|count|sum|bucket)(?:_|$)/,
      );
      const labels = samples.flatMap((sample) => Object.keys(sample.labels));
      expect([name, labels.filter((label) => label === 'quantile')]).toEqual([name, []]);
    }
  });

  test('pass promtool, where it is installed', async () => {
    const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: await exposed() });
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') return;
    expect(`${stdout.toString()}${stderr.toString()}`).toBe('');
    expect(status).toBe(0);
  });
});

/** The counts of one outcome; every outcome has a series from the start. */
const outcomes = (name: string, counts: Readonly<Record<string, number>>) =>
  ['ok', 'partial', 'error', 'client_closed'].map((outcome) => [name, outcome, counts[outcome] ?? 0]);

describe('operations', () => {
  test('are counted by outcome, and by listed names only', async () => {
    await using fixture = await startFixture({ env: { ...NAMED, SCALEOPS_MAX_ATTEMPTS: '1' } });
    const { gateway, upstream } = fixture;
    upstream.respond('/getAggregatedWorkloads', DOWN);
    await gateway.send(`query Costs ${COST}`);
    await gateway.send(`query Costs { workloadCosts { asOf } aggregatedCosts { asOf } }`);
    await gateway.send(`query Unlisted ${COST}`);
    await gateway.send(`query other ${COST}`);
    await gateway.send(COST);
    // Refused as a whole during execution.
    await gateway.send('query Listed($last: CostDuration!) { workloadCosts(filter: { last: $last }) { asOf } }', {
      last: '7 days',
    });
    const { families, value } = await scrape(gateway.gateway);
    const counted = families
      .get('gateway_operations_total')!
      .samples.map(({ labels, value: count }) => [labels.operation, labels.outcome, count]);
    expect(counted).toEqual([
      ...[...outcomes('Costs', { ok: 1, partial: 1 }), ...outcomes('Listed', { error: 1 })],
      ...[...outcomes('other', { ok: 2 }), ...outcomes('anonymous', { ok: 1 })],
    ]);
    expect(value('gateway_operation_duration_seconds_count', { operation: 'Costs' })).toBe(2);
    expect(value('gateway_operations_in_flight')).toBe(0);
  });

  test('are measured by the clock, and are in flight until they end', async () => {
    const gate = createGate();
    const clock = createManualClock();
    await using stack = await startStack({ clock, env: NAMED, simulator: { latency: gate.pass } });
    const pending = stack.send(`query Costs ${COST}`);
    await gate.arrivals(1);
    expect((await scrape(stack.gateway)).value('gateway_operations_in_flight')).toBe(1);
    clock.advance(700);
    gate.open();
    await pending;
    const { value } = await scrape(stack.gateway);
    const bucket = (le: string) => value('gateway_operation_duration_seconds_bucket', { operation: 'Costs', le });
    expect([bucket('0.5'), bucket('1'), bucket('+Inf')]).toEqual([0, 1, 1]);
    expect(value('gateway_operation_duration_seconds_sum', { operation: 'Costs' })).toBe(0.7);
    const attempt = { report: 'workloads' };
    expect(value('gateway_upstream_attempt_duration_seconds_sum', attempt)).toBe(0.7);
    expect(value('gateway_upstream_attempt_duration_seconds_count', attempt)).toBe(1);
    expect(value('gateway_operations_in_flight')).toBe(0);
  });

  // Mutation: an operation that ends only with its response.
  test('whose client closes the connection are counted as client_closed, and are no error', async () => {
    await using fixture = await startFixture();
    const { gateway, upstream } = fixture;
    upstream.respond(WORKLOADS, faults.neverRespond);
    const url = await gateway.gateway.listen();
    const client = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query: COST });
    const pending = fetch(`${url}/graphql`, { method: 'POST', headers, body, signal: client.signal });
    await upstream.arrivals(1);
    client.abort();
    await expect(pending).rejects.toThrow('aborted');
    await upstream.requests[0]!.closed;
    let metrics = await scrape(gateway.gateway);
    while (metrics.value('gateway_operations_in_flight') !== 0) metrics = await scrape(gateway.gateway);
    expect(metrics.value('gateway_operations_total', { operation: 'anonymous', outcome: 'client_closed' })).toBe(1);
    expect(metrics.sum('gateway_operations_total')).toBe(1);
    expect(metrics.value('gateway_upstream_attempts_total', { report: 'workloads', outcome: 'aborted' })).toBe(1);
    expect(metrics.sum('gateway_errors_total')).toBe(0);
  });

  test('count their errors by code, once per response, and every code has a series from the start', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_MAX_ATTEMPTS: '1' } });
    const { gateway, upstream } = fixture;
    const start = await scrape(gateway.gateway);
    expect(start.families.get('gateway_errors_total')!.samples.map(({ labels }) => labels.code)).toEqual(
      Object.keys(ERROR_CODES),
    );
    upstream.respond(WORKLOADS, DOWN);
    await gateway.send('{ a: workloadCosts { asOf } b: workloadCosts { asOf } }');
    await gateway.send(ONE);
    const { value, sum } = await scrape(gateway.gateway);
    expect(value('gateway_errors_total', { code: 'UPSTREAM_UNAVAILABLE' })).toBe(2);
    expect([sum('gateway_errors_total'), sum('gateway_requests_rejected_total')]).toEqual([2, 0]);
  });

  test('that are rejected before execution are counted by code, and not as operations', async () => {
    await using stack = await startStack({ env: { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' } });
    const { gateway, send } = stack;
    const authorization = { headers: { authorization: `Bearer ${TOKEN}` } };
    await send(COST);
    await send('{', undefined, authorization);
    await send('{ nothing }', undefined, authorization);
    await send('{ nothing }', undefined, authorization);
    await send(COST, undefined, { ...authorization, headers: { ...authorization.headers, accept: 'image/png' } });
    await gateway.fetch(new Request('http://gateway/elsewhere'));
    const { families, sum, value } = await scrape(gateway);
    const all = families.get('gateway_requests_rejected_total')!.samples;
    const withStatus = Object.entries(ERROR_CODES).flatMap(([code, facts]) => ('status' in facts ? [code] : []));
    expect(all.map(({ labels }) => labels.code)).toEqual(withStatus);
    const refused = all.filter((sample) => sample.value > 0);
    expect(Object.fromEntries(refused.map(({ labels, value: count }) => [labels.code, count]))).toEqual({
      UNAUTHENTICATED: 1,
      GRAPHQL_PARSE_FAILED: 1,
      NOT_ACCEPTABLE: 1,
      GRAPHQL_VALIDATION_FAILED: 2,
    });
    expect(sum('gateway_errors_total')).toBe(5);
    expect(value('gateway_errors_total', { code: 'NOT_ACCEPTABLE' })).toBe(1);
    expect(sum('gateway_operations_total')).toBe(0);
  });
});

describe('the cache', () => {
  test('counts the source of each report, as the log does', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock });
    const { send, gateway, log, received } = stack;
    await Promise.all([send(COST), send(COST)]);
    await send(COST);
    clock.advance(61_000);
    await send('{ workloadCosts { asOf } aggregatedCosts { asOf } }');
    await until(() => received.length === 3);
    const { families, sum, value } = await scrape(gateway);
    const results = families.get('gateway_cache_results_total')!.samples.filter((sample) => sample.value > 0);
    expect(results.map(({ labels, value: count }) => [labels.report, labels.result, count])).toEqual([
      ['workloads', 'hit', 1],
      ['workloads', 'stale', 1],
      ['workloads', 'collapsed', 1],
      ['workloads', 'miss', 1],
      ['aggregated', 'miss', 1],
    ]);
    for (const result of ['hit', 'stale', 'shared', 'collapsed', 'miss']) {
      const logged = log.map(({ cache }) => (cache as Record<string, number> | undefined)?.[result] ?? 0);
      expect(sum('gateway_cache_results_total', { result })).toBe(logged.reduce((a, b) => a + b, 0));
    }
    expect(value('gateway_cache_entries')).toBe(2);
    expect(value('gateway_cache_bytes')).toBeGreaterThan(1_000);
    expect(value('gateway_cache_max_bytes')).toBe(268_435_456);
  });

  // Mutation: report-cache.ts, #useRelated() without onRelatedHit().
  test('counts a hit when an entity uses a wider cached report', async () => {
    await using stack = await startStack();
    const { send, gateway, log, received } = stack;
    const { data } = await send(
      '{ workloadCosts(filter: { multiCluster: true }) { rows(first: 1) { nodes { clusterName } } } }',
    );
    const name = (data as { workloadCosts: { rows: { nodes: { clusterName: string }[] } } }).workloadCosts.rows
      .nodes[0]!.clusterName;
    await send(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on KubernetesCluster { costs { asOf } } } }',
      {
        of: [{ __typename: 'KubernetesCluster', name }],
      },
    );
    expect(log.at(-1)).toMatchObject({ cache: { hit: 1, miss: 0 } });
    expect(received).toHaveLength(1);
    const { value } = await scrape(gateway);
    expect(value('gateway_cache_results_total', { report: 'workloads', result: 'hit' })).toBe(1);
    expect(value('gateway_cache_results_total', { report: 'workloads', result: 'miss' })).toBe(1);
  });

  describe.skipIf(isRedisSkipped)('shared by replicas', () => {
    test('shows whether it is in use', async () => {
      await using redis = await startRedis();
      await using stack = await startStack({ env: { CACHE_REDIS_URL: redis.url } });
      const isUp = async () => (await scrape(stack.gateway)).value('gateway_shared_cache_up');
      while ((await isUp()) !== 1);
      await redis.stop();
      while ((await isUp()) !== 0);
      expect((await stack.send(COST)).errors).toEqual([]);
    });
  });
});

describe('calls to ScaleOps', () => {
  // increase() of a series that begins at 1 is 0: the first event would never alert.
  test('have a series for each outcome from the start, and so have logins and warnings', async () => {
    await using fixture = await startFixture();
    const { families } = await scrape(fixture.gateway.gateway);
    const labelsOf = (name: string) => families.get(name)!.samples.map(({ labels }) => Object.values(labels).join(' '));
    const upstreamCodes = Object.keys(ERROR_CODES).filter((code) => code.startsWith('UPSTREAM_'));
    const ends = ['ok', 'aborted', 'INTERNAL_SERVER_ERROR', ...upstreamCodes];
    expect(labelsOf('gateway_upstream_logins_total').sort()).toEqual(ends.toSorted());
    expect(labelsOf('gateway_upstream_attempts_total').sort()).toEqual(
      ['aggregated', 'workloads'].flatMap((report) => ends.map((end) => `${report} ${end}`)).sort(),
    );
    expect(labelsOf('gateway_report_warnings_total')).toEqual(
      expect.arrayContaining([
        ...['PARTIAL_ANSWER ', 'MISSING_WINDOW window', 'WINDOW_MISMATCH window', 'UNREADABLE_NAME namespace'],
        ...['SKIPPED_ROW ', 'DUPLICATE_ROW ', 'UNREADABLE_NUMBER totalCost', 'UNREADABLE_LABELS labels'],
      ]),
    );
  });

  test('that lack a token because its file disappeared are counted as errors', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-token-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'token');
    await writeFile(file, TOKEN);
    await using stack = await startStack({ env: { SCALEOPS_TOKEN: '', SCALEOPS_TOKEN_FILE: file } });
    expect((await stack.send(COST)).errors).toEqual([]);
    await unlink(file);
    await stack.send(COST);
    const { value } = await scrape(stack.gateway);
    expect(value('gateway_errors_total', { code: 'UPSTREAM_UNAUTHENTICATED' })).toBe(1);
  });

  // Mutation: attempts counted once per report.
  test('are counted by outcome, retries included', async () => {
    await using fixture = await startFixture();
    const { gateway, upstream, clock } = fixture;
    upstream.respond(WORKLOADS, failing(2, faults.status(500)));
    await settle(gateway.send(ONE), clock);
    upstream.respond('/getAggregatedWorkloads', faults.status(403));
    await gateway.send('{ aggregatedCosts { asOf } }');
    const { value, sum } = await scrape(gateway.gateway);
    const attempts = (report: string, outcome: string) =>
      value('gateway_upstream_attempts_total', { report, outcome }) ?? 0;
    expect(attempts('workloads', 'UPSTREAM_ERROR')).toBe(2);
    expect(attempts('workloads', 'ok')).toBe(1);
    expect(attempts('aggregated', 'UPSTREAM_FORBIDDEN')).toBe(1);
    expect(sum('gateway_upstream_attempts_total')).toBe(upstream.requests.length);
    expect(value('gateway_upstream_retries_total', { report: 'workloads' })).toBe(2);
    expect(value('gateway_upstream_retries_total', { report: 'aggregated' })).toBe(0);
  });

  test('with an expired token count as two attempts and no retry, and the logins are counted', async () => {
    await using fixture = await startLoginStand({ env: LOGIN });
    await fixture.send();
    fixture.live.clear();
    await fixture.send(1);
    const { value, sum } = await scrape(fixture.gateway.gateway);
    expect(fixture.sent).toHaveLength(3);
    expect(sum('gateway_upstream_attempts_total')).toBe(3);
    expect(value('gateway_upstream_attempts_total', { report: 'workloads', outcome: 'ok' })).toBe(2);
    expect(value('gateway_upstream_attempts_total', { report: 'workloads', outcome: 'UPSTREAM_UNAUTHENTICATED' })).toBe(
      1,
    );
    expect(sum('gateway_upstream_retries_total')).toBe(0);
    expect(value('gateway_upstream_logins_total', { outcome: 'ok' })).toBe(2);

    fixture.live.clear();
    fixture.login = faults.status(403);
    await fixture.send(2);
    expect(
      (await scrape(fixture.gateway.gateway)).value('gateway_upstream_logins_total', {
        outcome: 'UPSTREAM_UNAUTHENTICATED',
      }),
    ).toBe(1);
    expect(fixture.logins).toHaveLength(3);
  });

  test('with a new token after a retry count as one retry', async () => {
    await using fixture = await startLoginStand({ env: { ...LOGIN, SCALEOPS_MAX_IN_FLIGHT: '1' } });
    await fixture.send();
    const { report } = fixture;
    // A reused connection that was closed is retried at once; meanwhile the token has expired.
    fixture.report = (socket) => {
      fixture.live.clear();
      fixture.report = report;
      faults.resetBeforeHeaders(socket);
    };
    expect((await fixture.send(1)).errors).toEqual([]);
    const { sum, value } = await scrape(fixture.gateway.gateway);
    expect(fixture.sent).toHaveLength(4);
    expect(sum('gateway_upstream_attempts_total')).toBe(4);
    expect(value('gateway_upstream_retries_total', { report: 'workloads' })).toBe(1);
  });

  test('are not counted while the circuit breaker is open, which a gauge shows', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_BREAKER_FAILURES: '2', SCALEOPS_MAX_ATTEMPTS: '1' } });
    const { gateway, upstream, clock } = fixture;
    upstream.respond(WORKLOADS, DOWN);
    const isOpen = async () => (await scrape(gateway.gateway)).value('gateway_upstream_circuit_breaker_open');
    await gateway.send(ONE);
    expect(await isOpen()).toBe(0);
    await gateway.send(ONE);
    expect(await isOpen()).toBe(1);
    await gateway.send(ONE);
    expect(upstream.requests).toHaveLength(2);
    const { sum, value } = await scrape(gateway.gateway);
    expect(sum('gateway_upstream_attempts_total')).toBe(2);
    expect(value('gateway_errors_total', { code: 'CIRCUIT_OPEN' })).toBe(1);
    clock.advance(15_000);
    // The open time is over, without a call yet.
    expect(await isOpen()).toBe(1);
    upstream.respond(WORKLOADS, GOOD);
    await gateway.send(ONE);
    expect(await isOpen()).toBe(0);
  });

  test('that run or wait are shown by gauges', async () => {
    await using fixture = await startFixture({ env: { SCALEOPS_MAX_IN_FLIGHT: '2' } });
    const { gateway, upstream, clock } = fixture;
    const held = hold();
    upstream.respond(WORKLOADS, held.fault);
    const load = async () => {
      const { value } = await scrape(gateway.gateway);
      return [value('gateway_upstream_in_flight'), value('gateway_upstream_queued')];
    };
    expect(await load()).toEqual([0, 0]);
    const pending = Array.from({ length: 5 }, (_, index) => gateway.send(namespaceQuery(`n${index}`)));
    // Each has its deadline, and queued ones a queue limit as well.
    await Promise.all([upstream.arrivals(2), clock.set(5 + 3)]);
    expect(await load()).toEqual([2, 3]);
    held.release();
    await Promise.all(pending);
    expect(await load()).toEqual([0, 0]);
    expect((await scrape(gateway.gateway)).sum('gateway_upstream_attempts_total')).toBe(5);
  });
});

// Mutation: the client's name, the host, path or request id as a label.
test('10,000 operation names, request ids, hosts and paths create no series', async () => {
  await using stack = await startStack({ env: NAMED });
  const request = (index: number): Request =>
    new Request(`http://host${index}.test/${index % 4 === 0 ? `path${index}` : 'graphql'}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': `id-${index}`,
        'user-agent': `agent-${index}`,
        traceparent: `00-${String(index).padStart(32, '1')}-00000000000000aa-01`,
      },
      body: JSON.stringify({ query: `query Name${index} { ${index % 4 === 1 ? `nothing${index}` : '__typename'} }` }),
    });
  const seriesAfter = async (from: number, to: number): Promise<readonly string[]> => {
    for (let index = from; index < to; index += 1) await (await stack.gateway.fetch(request(index))).text();
    return (await scrape(stack.gateway)).series;
  };
  const few = await seriesAfter(0, 8);
  const many = await seriesAfter(8, 10_008);
  expect(many).toEqual(few);
  expect((await scrape(stack.gateway)).value('gateway_operations_total', { operation: 'other', outcome: 'ok' })).toBe(
    5_004,
  );
}, 180_000);

describe('the event loop', () => {
  const create = () =>
    createMetrics({
      version: '1',
      operations: [],
      clock: createManualClock(),
      collectProcessMetrics: false,
    });
  const block = (): void => {
    const end = performance.now() + 60;
    while (performance.now() < end);
  };
  const longest = async ({ expose }: ReturnType<typeof create>) =>
    parseMetrics((await expose()).text).value('gateway_event_loop_delay_seconds', { percentile: '100' })!;
  const turn = () => new Promise((resolve) => setTimeout(resolve));

  // Mutations: nanoseconds or milliseconds instead of seconds; Node's raw value, which includes the 20 ms between ticks.
  test('exposes its delay since the last collection in seconds', async () => {
    const metrics = create();
    let seconds = 0;
    // The first tick after a scrape is not measured, only the time between ticks.
    while (seconds < 0.03) {
      for (let time = 0; time < 3; time += 1) {
        block();
        await turn();
      }
      seconds = await longest(metrics);
    }
    expect(seconds).toBeLessThan(5);
    metrics.close();
  });

  test('is no longer measured when the gateway is closed', async () => {
    const metrics = create();
    metrics.close();
    await longest(metrics);
    for (let time = 0; time < 5; time += 1) {
      block();
      await turn();
    }
    expect(await longest(metrics)).toBe(0);
  });
});
