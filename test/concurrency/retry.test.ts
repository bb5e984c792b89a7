// The retry policy on a manual clock: rule by rule, then for random sequences.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createRetryPolicy, type RetryRule, type RetrySettings } from '../../src/concurrency/retry.js';
import { createManualClock } from '../kit/time/clock.js';

describe('a retry policy', () => {
  const PLENTY: RetrySettings = { maxAttempts: 3, retryRatio: 1, minRetries: 1_000 };
  const USUAL: RetrySettings = { maxAttempts: 3, retryRatio: 0.1, minRetries: 3 };
  /** The waits of a failing request before each further attempt. */
  const waits = (settings: RetrySettings, rules: readonly RetryRule[], random = 0.5): (number | undefined)[] => {
    const retries = createRetryPolicy(settings, createManualClock(), () => random).start();
    return rules.map((rule) => retries.nextDelayMs({ retry: rule }, 30_000));
  };

  test.each<[string, RetryRule[], (number | undefined)[]]>([
    ['never', ['never'], [undefined]],
    ['not after a failure that may not be retried', ['budget', 'never'], [200, undefined]],
    ['up to the maximum number of attempts', ['budget', 'budget', 'budget'], [200, 400, undefined]],
    ['once', ['once', 'once'], [200, undefined]],
    ['not again when the failure allows only one retry', ['budget', 'once'], [200, undefined]],
    ['immediately, without counting an attempt', ['immediate', 'budget', 'budget', 'budget'], [0, 200, 400, undefined]],
    ['immediately only the first time', ['immediate', 'immediate', 'immediate', 'immediate'], [0, 200, 400, undefined]],
    ['immediately, also after other retries', ['budget', 'budget', 'immediate', 'budget'], [200, 400, 0, undefined]],
  ])('retries: %s', (_name, rules, expected) => {
    expect(waits(PLENTY, rules)).toEqual(expected);
  });

  test.each<RetryRule>(['budget', 'once'])('makes one attempt when the maximum is one (%s)', (rule) => {
    expect(waits({ ...PLENTY, maxAttempts: 1 }, [rule])).toEqual([undefined]);
  });

  test('waits with full jitter that doubles with each attempt, up to two seconds', () => {
    const six: RetryRule[] = Array<RetryRule>(6).fill('budget');
    expect(waits({ ...PLENTY, maxAttempts: 7 }, six, 0)).toEqual([0, 0, 0, 0, 0, 0]);
    const almost = 1 - Number.EPSILON;
    const most = waits({ ...PLENTY, maxAttempts: 7 }, six, almost);
    expect(most.map((ms) => Math.round(ms!))).toEqual([400, 800, 1_600, 2_000, 2_000, 2_000]);
  });

  test.each<[string, number, number | undefined]>([
    ['sends less than the jitter', 199, 200],
    ['sends more than the jitter', 201, 201],
    ['sends the maximum wait', 5_000, 5_000],
    ['sends more than the maximum wait', 5_001, undefined],
    ['sends Infinity', Infinity, undefined],
    ['sends 0', 0, 200],
  ])('honours Retry-After of a host that %s', (_name, retryAfterMs, expected) => {
    const retries = createRetryPolicy(PLENTY, createManualClock(), () => 0.5).start();
    expect(retries.nextDelayMs({ retry: 'budget', retryAfterMs }, 30_000)).toBe(expected);
  });

  test.each([
    [201, 200],
    [200, undefined],
    [0, undefined],
    [-1, undefined],
  ])('retries only if time is left after the wait, with %d ms remaining', (remainingMs, expected) => {
    const retries = createRetryPolicy(PLENTY, createManualClock(), () => 0.5).start();
    expect(retries.nextDelayMs({ retry: 'budget' }, remainingMs)).toBe(expected);
  });

  test('spends no budget on a retry without remaining time, or on an immediate one', () => {
    const clock = createManualClock();
    const policy = createRetryPolicy({ ...USUAL, minRetries: 1 }, clock, () => 0.5);
    expect(policy.start().nextDelayMs({ retry: 'budget' }, 100)).toBeUndefined();
    expect(policy.start().nextDelayMs({ retry: 'immediate' }, 30_000)).toBe(0);
    expect(policy.start().nextDelayMs({ retry: 'budget', retryAfterMs: 6_000 }, 30_000)).toBeUndefined();
    expect(policy.start().nextDelayMs({ retry: 'budget' }, 30_000)).toBe(200);
    expect(policy.start().nextDelayMs({ retry: 'budget' }, 30_000)).toBeUndefined();
    expect(policy.start().nextDelayMs({ retry: 'immediate' }, 30_000)).toBe(0);
  });

  test('allows a tenth of the requests of a minute, or three, and again a minute later', () => {
    const clock = createManualClock();
    const policy = createRetryPolicy(USUAL, clock, () => 0);
    const retriesOf = (requests: number): number => {
      let count = 0;
      for (let made = 0; made < requests; made += 1)
        if (policy.start().nextDelayMs({ retry: 'budget' }, 1_000) === 0) count += 1;
      return count;
    };
    expect(retriesOf(39)).toBe(3);
    expect(retriesOf(1)).toBe(1);
    expect(retriesOf(960)).toBe(96);
    clock.advance(60_000);
    expect(retriesOf(10)).toBe(3);
  });

  test('retries immediately sixteen times per minute, and then like after any other fault', () => {
    const clock = createManualClock();
    const policy = createRetryPolicy({ maxAttempts: 3, retryRatio: 0, minRetries: 2 }, clock, () => 1);
    const next = () => policy.start().nextDelayMs({ retry: 'immediate' }, 30_000);
    expect(Array.from({ length: 20 }, next)).toEqual([...Array<number>(16).fill(0), 400, 400, undefined, undefined]);
    clock.advance(60_000);
    expect(next()).toBe(0);
  });

  test('never exceeds its budget within a minute, and never refuses a retry within the budget, for any sequence', () => {
    const anyRule = fc.constantFrom<RetryRule>('budget', 'budget', 'budget', 'once', 'never', 'immediate');
    const anyStep = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ requests: fc.integer({ min: 1, max: 30 }), rule: anyRule, ms: fc.constant(0) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          requests: fc.constant(0),
          rule: fc.constant<RetryRule>('never'),
          ms: fc.oneof(fc.nat({ max: 70_000 }), fc.constantFrom(5_999, 6_000, 53_999, 54_000, 59_999, 60_000)),
        }),
      },
    );
    const anySettings = fc.record({
      maxAttempts: fc.integer({ min: 1, max: 4 }),
      retryRatio: fc.constantFrom(0, 0.1, 0.5),
      minRetries: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(anySettings, fc.array(anyStep, { minLength: 1, maxLength: 25 }), (settings, steps) => {
        const clock = createManualClock();
        const policy = createRetryPolicy(settings, clock, () => 0);
        const [requests, retried, immediate]: [number[], number[], number[]] = [[], [], []];
        const within = (times: number[], ms: number): number => times.filter((at) => clock.now() - at < ms).length;
        // The window moves in tenths of a minute: retries of the last 54 s count, retries older than 60 s do not.
        const budgetOver = (ms: number): number =>
          Math.max(settings.minRetries, Math.floor(within(requests, ms) * settings.retryRatio));
        const request = (rule: RetryRule): void => {
          requests.push(clock.now());
          const retries = policy.start();
          const allowed = { never: 0, once: 1, budget: 3, immediate: 3 }[rule];
          let counted = 0;
          if (rule === 'immediate') {
            // Another test covers the rest.
            if (within(immediate, 60_000) >= 16) return;
            expect(retries.nextDelayMs({ retry: rule }, 1_000)).toBe(0);
            immediate.push(clock.now());
          }
          for (let attempt = 0; attempt < 5; attempt += 1) {
            const isAllowed = counted < Math.min(allowed, settings.maxAttempts - 1);
            const isWithinBudget = within(retried, 60_000) < budgetOver(54_000);
            const isRetried = retries.nextDelayMs({ retry: rule }, 1_000) !== undefined;
            if (isAllowed && isWithinBudget) expect(isRetried).toBe(true);
            if (!isAllowed) expect(isRetried).toBe(false);
            if (!isRetried) continue;
            counted += 1;
            retried.push(clock.now());
            expect(within(retried, 54_000)).toBeLessThanOrEqual(budgetOver(60_000));
          }
        };
        for (const { requests: count, rule, ms } of steps) {
          for (let made = 0; made < count; made += 1) request(rule);
          clock.advance(ms);
        }
      }),
    );
  });
});
