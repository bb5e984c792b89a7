// The rate limit per caller, independent of other callers.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RateLimiter } from '../../src/concurrency/rate-limiter.js';
import { createManualClock } from '../kit/time/clock.js';
import { startStack } from '../kit/gateway.js';

describe('a rate limit', () => {
  const start = (perMinute: number, maxKeys?: number) => {
    const clock = createManualClock();
    const limiter = new RateLimiter(perMinute, clock, maxKeys);
    return { clock, take: (key: string) => limiter.take(key), limiter };
  };

  test('allows the requests of a minute at once, then one per interval', () => {
    const { take, clock } = start(6);
    for (let index = 0; index < 6; index += 1) expect(take('ann')).toBe(0);
    expect(take('ann')).toBe(10_000);
    clock.advance(4_000);
    expect(take('ann')).toBe(6_000);
    clock.advance(6_000);
    expect([take('ann'), take('ann')]).toEqual([0, 10_000]);
    clock.advance(30_000);
    expect([take('ann'), take('ann'), take('ann'), take('ann')]).toEqual([0, 0, 0, 10_000]);
    clock.advance(600_000);
    for (let index = 0; index < 6; index += 1) expect(take('ann')).toBe(0);
    expect(take('ann')).toBe(10_000);
  });

  test('counts nothing for rejected requests', () => {
    const { take, clock } = start(1);
    expect(take('ann')).toBe(0);
    for (let index = 0; index < 100; index += 1) expect(take('ann')).toBe(60_000);
    clock.advance(60_000);
    expect(take('ann')).toBe(0);
  });

  test('is separate for each caller', () => {
    const { take } = start(1);
    expect([take('ann'), take('bob'), take('__proto__'), take('ann'), take('bob')]).toEqual([0, 0, 0, 60_000, 60_000]);
  });

  test('evicts the least recently used key', () => {
    const { take } = start(1, 2);
    expect([take('ann'), take('bob'), take('ann'), take('eve')]).toEqual([0, 0, 60_000, 0]);
    // Eve's key evicted Bob's.
    expect([take('ann'), take('eve')]).toEqual([60_000, 60_000]);
    expect(take('bob')).toBe(0);
  });

  test('makes no caller wait for more than a minute when the clock is set back', () => {
    const { take, clock } = start(2);
    expect([take('ann'), take('ann')]).toEqual([0, 0]);
    clock.advance(-3_600_000);
    expect(take('ann')).toBeLessThanOrEqual(60_000);
    clock.advance(60_000);
    expect(take('ann')).toBe(0);
  });

  test('allows, over any period, at most the rate and the initial burst', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }),
        (perMinute, pauses) => {
          const { take, clock } = start(perMinute);
          const passed: number[] = [];
          for (const pause of pauses) {
            clock.advance(pause);
            const waitMs = take('ann');
            if (waitMs === 0) passed.push(clock.now());
            else expect(waitMs).toBeLessThanOrEqual(60_000 / perMinute + 1e-6);
          }
          passed.forEach((from, first) => {
            passed.slice(first).forEach((to, count) => {
              expect(count + 1).toBeLessThanOrEqual(perMinute + ((to - from) * perMinute) / 60_000 + 1e-6);
            });
          });
        },
      ),
    );
  });
});

describe('with GATEWAY_RATE_LIMIT', () => {
  const QUERY = { query: '{ __typename }' };
  const startLimited = async (env: Record<string, string> = {}) => {
    const clock = createManualClock();
    const stack = await startStack({ clock, env: { GATEWAY_RATE_LIMIT: '2', ...env } });
    const url = await stack.gateway.listen();
    const post = (headers: Record<string, string> = {}, body: object = QUERY) =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    return { ...stack, clock, url, post };
  };

  test('excess requests are RATE_LIMITED, with the time of the next attempt', async () => {
    await using stack = await startLimited();
    for (let index = 0; index < 2; index += 1) expect((await stack.post()).status).toBe(200);
    stack.clock.advance(500);
    const refused = await stack.post();
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('cache-control')]).toEqual([
      429,
      '30',
      'no-store',
    ]);
    expect(await refused.json()).toMatchObject({
      errors: [
        {
          message: 'Too many requests. Try again later.',
          extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 29_500 },
        },
      ],
    });
    expect(stack.log.at(-1)).toMatchObject({ status: 429, errorCodes: ['RATE_LIMITED'], errorReasons: ['caller'] });
    stack.clock.advance(29_500);
    expect([(await stack.post()).status, (await stack.post()).status]).toEqual([200, 429]);
  });

  test('invalid requests count, and health checks and pages do not', async () => {
    await using stack = await startLimited();
    for (const path of ['/health/live', '/health/ready', '/', '/graphql', '/nothing']) {
      for (let index = 0; index < 3; index += 1) {
        expect((await fetch(stack.url + path, { headers: { accept: 'text/html' } })).status).not.toBe(429);
      }
    }
    expect((await stack.post({}, { query: '{' })).status).toBe(200);
    expect((await stack.post({}, { query: '' })).status).not.toBe(429);
    expect((await stack.post()).status).toBe(429);
  });

  test('callers are distinguished by their token', async () => {
    await using stack = await startLimited({ SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' });
    const statusesOf = async (token: string) => {
      const responses = [];
      for (let index = 0; index < 3; index += 1) responses.push(await stack.post({ authorization: `Bearer ${token}` }));
      return responses.map(({ status }) => status);
    };
    expect(await statusesOf('ann')).toEqual([200, 200, 429]);
    expect(await statusesOf('bob')).toEqual([200, 200, 429]);
    // A request without a token is rejected earlier, and counts for no caller.
    expect((await stack.post()).status).toBe(401);
  });

  test('the log says whether the limit of the caller or of the address is reached', async () => {
    const env = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `ann:${'a'.repeat(16)}` };
    await using stack = await startLimited(env);
    for (let index = 0; index < 3; index += 1) await stack.post({ 'x-api-key': 'a'.repeat(16) });
    for (let index = 0; index < 20; index += 1) await stack.post();
    const refused = stack.log.filter(({ errorCodes }) => String(errorCodes) === 'RATE_LIMITED');
    expect(refused[0]).toMatchObject({ caller: 'ann', errorReasons: ['caller'] });
    expect(refused.at(-1)).toMatchObject({ errorReasons: ['address'] });
  });
});
