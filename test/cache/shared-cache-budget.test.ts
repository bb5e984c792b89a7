// The time limit of one load for the shared cache, whatever Redis does.

import { expect, test } from 'vitest';

import type { Redis } from '../../src/cache/shared/redis.js';
import { SharedCache } from '../../src/cache/shared/shared-cache.js';
import { Deadline } from '../../src/concurrency/deadline.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import { createReportParser } from '../../src/upstream/parse/report-parser.js';
import { createManualClock } from '../kit/time/clock.js';
import { principalOf } from '../kit/identity/principal.js';

/** How long a load waits before it calls the upstream, when Redis takes `replyMs` and another replica holds the lock. */
async function delayOf(replyMs: number, lockValue: string | undefined): Promise<number> {
  const clock = createManualClock();
  const reply = <T>(value: T): Promise<T> =>
    new Promise((resolve) =>
      clock.after(replyMs, () => {
        resolve(value);
      }),
    );
  const redis = {
    isReady: () => true,
    read: () => reply([null, null]),
    getOrSet: () => reply('generation'),
    lock: (_key: string, { value }: { value: string }) => reply(lockValue ?? value),
    unlock: () => reply(undefined),
    write: () => reply(undefined),
    extend: () => reply(undefined),
    close: () => Promise.resolve(),
  } as unknown as Redis;
  const parser = createReportParser({ keepsBodies: true });
  const shared = new SharedCache({
    redis,
    clock,
    parser,
    timeoutMs: 30_000,
    maxBytes: 1_000_000,
    freshness: {
      ttlMs: 60_000,
      settlingTtlMs: 60_000,
      settledTtlMs: 60_000,
      settledAfterMs: 0,
      staleMs: 0,
      staleIfErrorMs: 0,
    },
    onAvailabilityChange: () => undefined,
  });
  const startedAt = clock.now();
  let fetchedAt: number | undefined;
  const request = { report: 'workloads' } as const;
  const key = { key: 'key', principal: principalOf('ann'), request };
  const budget = new Deadline(clock, 150);
  const load = async () => {
    await shared.read(key, budget);
    const fetch = () => {
      fetchedAt = clock.now();
      const { report } = decodeReport({ aggregatedWorkloads: null });
      return Promise.resolve({ report, body: undefined, requestedAt: fetchedAt, receivedAt: fetchedAt });
    };
    const { signal } = new AbortController();
    await shared.fetchOnce({ ...key, budget, isFreshEnough: () => true, fetch, signal });
  };
  const loaded = load();
  while (fetchedAt === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
  await loaded;
  await parser.close();
  return fetchedAt - startedAt;
}

test.each([1, 20, 40, 44, 60, 100, 149, 1_000])(
  'a load calls the upstream after at most 150 ms when each reply of Redis takes %i ms',
  async (replyMs) => {
    // One more millisecond for each step of the manual clock.
    expect(await delayOf(replyMs, undefined)).toBeLessThanOrEqual(155);
    expect(await delayOf(replyMs, 'another holder 1')).toBeLessThanOrEqual(155);
  },
);
