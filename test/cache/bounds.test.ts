// The bounds of everything in src/cache that grows with client input.

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { TokenValidity } from '../../src/cache/memory/token-validity.js';
import { InvalidationQueue } from '../../src/cache/shared/invalidation-queue.js';
import type { Redis } from '../../src/cache/shared/redis.js';
import { SharedStore } from '../../src/cache/shared/shared-store.js';
import { UpstreamError } from '../../src/errors.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { WorkloadCostsRequest } from '../../src/report/request.js';
import { createReportParser } from '../../src/upstream/parse/report-parser.js';
import { createManualClock } from '../kit/time/clock.js';
import { createGate } from '../kit/time/gate.js';
import { principalOf } from '../kit/identity/principal.js';
import { createTestCache } from '../kit/report-cache.js';

const ANN = principalOf('ann');
const BOB = principalOf('bob');
const requestOf = (namespace: string): WorkloadCostsRequest => ({ report: 'workloads', namespaces: [namespace] });

/** A cache of about ten reports and 100,000 bytes of responses; the upstream fails while `fault` is set. */
function createFixture() {
  const clock = createManualClock();
  const upstream = { calls: 0, fault: undefined as UpstreamError | undefined };
  const fetchReport = () => {
    upstream.calls += 1;
    if (upstream.fault !== undefined) return Promise.reject(upstream.fault);
    const report = Object.assign(decodeReport({ aggregatedWorkloads: null }).report, { byteSize: 8_000 });
    return Promise.resolve({ report, body: undefined });
  };
  const cache = createTestCache(fetchReport, { maxBytes: 100_000, maxResponseBytes: 100_000 }, clock);
  const cacheResponse = async (key: string, namespace: string, bytes = 1_000, principal = ANN) => {
    const { source } = await cache.load(requestOf(namespace), principal);
    cache.responses.set(key, { value: key, bytes, validUntilMs: Infinity }, [source]);
  };
  return { cache, clock, upstream, cacheResponse };
}

describe('cached responses', () => {
  test('evict each other, and no report', async () => {
    const { cache, upstream, cacheResponse } = createFixture();
    for (const namespace of ['a', 'b']) await cache.load(requestOf(namespace), ANN);
    for (let index = 0; index < 1_000; index += 1) await cacheResponse(`ann\n${index}`, 'a', 20_000);
    expect(cache.responses.get('ann\n0')).toBeUndefined();
    expect(cache.responses.get('ann\n999')).toBeDefined();
    expect(cache.responses.bytes).toBeLessThanOrEqual(100_000);
    expect(cache.loadFromMemory(requestOf('b'), ANN)).toBeDefined();
    expect(upstream.calls).toBe(2);
  });

  test('are not cached when they are larger than the bound', async () => {
    const { cache, cacheResponse } = createFixture();
    await cacheResponse('ann\nsmall', 'a');
    await cacheResponse('ann\nlarge', 'a', 100_000);
    expect(cache.responses.get('ann\nlarge')).toBeUndefined();
    expect(cache.responses.get('ann\nsmall')).toBeDefined();
  });

  test('are dropped when their report is evicted', async () => {
    const { cache, cacheResponse } = createFixture();
    await cacheResponse('ann\nresponse', 'a');
    for (let index = 0; index < 20; index += 1) await cache.load(requestOf(`other-${index}`), ANN);
    expect(cache.responses.get('ann\nresponse')).toBeUndefined();
    expect(cache.responses.bytes).toBe(0);
  });

  test('are dropped when their report is replaced', async () => {
    const { cache, clock, cacheResponse } = createFixture();
    await cacheResponse('ann\nresponse', 'a');
    clock.advance(6_000);
    await cache.load(requestOf('a'), ANN, { noCache: true });
    expect(cache.responses.bytes).toBe(0);
  });

  test('are purged when their principal is rejected, and others stay', async () => {
    const { cache, upstream, cacheResponse } = createFixture();
    await cacheResponse('ann\nresponse', 'a');
    await cacheResponse('bob\nresponse', 'a', 1_000, BOB);
    upstream.fault = new UpstreamError('UPSTREAM_FORBIDDEN');
    await expect(cache.load(requestOf('b'), ANN)).rejects.toThrow(upstream.fault);
    expect(cache.responses.get('ann\nresponse')).toBeUndefined();
    expect(cache.responses.get('bob\nresponse')).toBeDefined();
    expect(cache.loadFromMemory(requestOf('a'), BOB)).toBeDefined();
  });
});

describe('the token table', () => {
  test('keeps an accepted token while 20,000 made-up tokens are rejected', () => {
    const validity = new TokenValidity(60_000, createManualClock());
    const good = principalOf('good', { isCaller: true });
    const invented = { isCaller: true, expiresAt: undefined };
    validity.recordSuccess(good, createManualClock().now());
    for (let index = 0; index < 20_000; index += 1) validity.recordRejection({ id: `made up ${index}`, ...invented });
    expect(validity.isValid(good)).toBe(true);
    expect(validity.isValid({ id: 'made up 19999', ...invented })).toBe(false);
  });

  test('keeps the tokens that were used last', () => {
    const clock = createManualClock();
    const validity = new TokenValidity(60_000, clock);
    const caller = (index: number) => ({ id: `caller ${index}`, isCaller: true, expiresAt: undefined });
    for (let index = 0; index < 20_000; index += 1) {
      validity.recordSuccess(caller(index), clock.now());
      expect(validity.isValid(caller(0))).toBe(true);
    }
    expect(validity.isValid(caller(1))).toBe(false);
    expect(validity.isValid(caller(19_999))).toBe(true);
  });
});

describe('the invalidation queue', () => {
  /** A queue whose purges wait at the gate, and succeed unless `isDown`. */
  function createQueue() {
    const gate = createGate();
    const clock = createManualClock();
    const purged: string[] = [];
    const redis = { isDown: false };
    const queue = new InvalidationQueue(
      {
        async purge(id) {
          await gate.pass();
          if (!redis.isDown) purged.push(id);
          return !redis.isDown;
        },
      },
      clock,
    );
    return { gate, clock, purged, redis, queue };
  }

  test('purges a principal again that is rejected during its purge', async () => {
    const { gate, purged, queue } = createQueue();
    queue.add('ann');
    await gate.arrivals(1);
    queue.add('ann');
    queue.add('bob');
    gate.open();
    await gate.arrivals(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(purged).toEqual(['ann', 'ann', 'bob']);
  });

  test('retries every 250 ms until Redis confirms each purge', async () => {
    const { gate, clock, purged, redis, queue } = createQueue();
    gate.open();
    redis.isDown = true;
    queue.add('ann');
    queue.add('bob');
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
    expect(purged).toEqual([]);
    redis.isDown = false;
    clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
    expect(purged.sort()).toEqual(['ann', 'bob']);
    expect(clock.pending()).toBe(0);
  });

  test('holds the last 10,000 principals while Redis is down', async () => {
    const { gate, clock, purged, redis, queue } = createQueue();
    gate.open();
    redis.isDown = true;
    for (let index = 0; index < 10_100; index += 1) queue.add(`caller ${index}`);
    await new Promise((resolve) => setImmediate(resolve));
    redis.isDown = false;
    clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
    expect(purged.length).toBeLessThanOrEqual(10_001);
    expect(purged).toContain('caller 10099');
  });
});

describe('the shared store', () => {
  // Random bytes do not compress; two such bodies are over the bound of all pending writes.
  test('writes reports again after an outage of Redis, however many were not written', async () => {
    const clock = createManualClock();
    const redis = { isUp: false, writes: 0 };
    const connection = {
      write: () => Promise.resolve((redis.writes += 1)),
      extend: () => Promise.resolve(),
    } as unknown as Redis;
    const run = async <T>(command: (redis: Redis) => Promise<T>) => (redis.isUp ? command(connection) : undefined);
    const parser = createReportParser({ keepsBodies: true });
    const freshness = {
      ttlMs: 60_000,
      settlingTtlMs: 0,
      settledTtlMs: 0,
      settledAfterMs: 0,
      staleMs: 0,
      staleIfErrorMs: 0,
    };
    const guarded = { run, isHealthy: () => redis.isUp };
    const store = new SharedStore({ guarded, freshness, maxBytes: 50_000_000, parser, clock });
    const { report } = decodeReport({ aggregatedWorkloads: null });
    const body = randomBytes(40_000_000);
    const write = () =>
      store.write({ key: 'key', principal: ANN, request: requestOf('shop') }, 'generation', {
        ...{ report, body, requestedAt: clock.now(), receivedAt: clock.now() },
      });
    await write();
    redis.isUp = true;
    await write();
    expect(redis.writes).toBe(1);
    await parser.close();
  });
});
