// The circuit breaker on a manual clock: rule by rule, then compared with a plain model.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  CircuitOpenError,
  CircuitBreaker,
  type CircuitBreakerSettings,
  type Verdict,
} from '../../src/concurrency/circuit-breaker.js';
import { createManualClock } from '../kit/time/clock.js';
import { createDeferred } from '../kit/time/deferred.js';

/** The error of callers during a probe. */
const PROBE_MS = 1_000;
const HOUR_MS = 3_600_000;
const SETTINGS: CircuitBreakerSettings = {
  consecutiveFailures: 5,
  failureRatio: 0.5,
  minCalls: 10,
  windowMs: 30_000,
  openMs: 15_000,
  maxOpenMs: 120_000,
};

/** How a call ends: with success, or with an error of this verdict. */
type Ending = 'ok' | Verdict;

class Fault extends Error {
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(verdict);
    this.verdict = verdict;
  }
}

/** How long calls are refused; unknown during a probe. */
type Refusal = number;

/** A call that runs until `end`. */
interface Call {
  readonly end: (ending: Ending) => Promise<void>;
}

function createFixture(settings: Partial<CircuitBreakerSettings> = {}) {
  const clock = createManualClock();
  const changes: boolean[] = [];
  const breaker = new CircuitBreaker(
    { ...SETTINGS, ...settings },
    {
      clock,
      classify: (error) => (error as Fault).verdict,
      onChange: (isOpen) => changes.push(isOpen),
    },
  );
  /** Starts a call; a refused one returns the time to wait. */
  const begin = async (): Promise<Call | Refusal> => {
    const work = createDeferred<string>();
    const made: true[] = [];
    const result = breaker.run(() => {
      made.push(true);
      return work.promise;
    });
    if (made.length === 0) {
      const refusal: unknown = await result.catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(CircuitOpenError);
      return (refusal as CircuitOpenError).retryAfterMs;
    }
    return {
      async end(ending) {
        if (ending === 'ok') work.resolve('done');
        else work.reject(new Fault(ending));
        // The caller gets the outcome of the call.
        if (ending === 'ok') expect(await result).toBe('done');
        else await expect(result).rejects.toEqual(new Fault(ending));
      },
    };
  };
  const beginMade = async (): Promise<Call> => {
    const call = await begin();
    if (typeof call !== 'object') throw new Error(`refused: ${call}`);
    return call;
  };
  const calls = async (...endings: Ending[]): Promise<void> => {
    for (const ending of endings) await (await beginMade()).end(ending);
  };
  return { clock, changes, breaker, begin, beginMade, calls };
}

const times = (count: number, ...endings: Ending[]): Ending[] => Array.from({ length: count }, () => endings).flat();

describe('a circuit breaker opens', () => {
  test('after its failures in a row, notifies once, and rejects without a call', async () => {
    const { clock, changes, breaker, begin, calls } = createFixture();
    await calls(...times(4, 'failure'));
    breaker.check();
    expect(changes).toEqual([]);
    await calls('failure');
    expect(changes).toEqual([true]);
    expect(await begin()).toBe(15_000);
    clock.advance(1_000);
    expect(() => {
      breaker.check();
    }).toThrow(new CircuitOpenError(14_000));
    expect(await begin()).toBe(14_000);
    expect(changes).toEqual([true]);
  });

  test.each<Ending>(['ok', 'success'])('not when a call between them ends with "%s"', async (ending) => {
    const { changes, calls } = createFixture({ minCalls: 100 });
    await calls(...times(3, ...times(4, 'failure'), ending), ...times(4, 'failure'));
    expect(changes).toEqual([]);
    await calls('failure');
    expect(changes).toEqual([true]);
  });

  test('by consecutive failures: ignored calls neither count nor reset the count', async () => {
    const { changes, calls } = createFixture();
    await calls(...times(20, 'ignored'), ...times(4, 'failure', 'ignored'));
    expect(changes).toEqual([]);
    await calls('failure');
    expect(changes).toEqual([true]);
  });

  test('when half of ten calls or more failed', async () => {
    const { changes, calls } = createFixture();
    await calls(...times(4, 'ok', 'failure'), 'ok');
    expect(changes).toEqual([]);
    await calls('failure');
    expect(changes).toEqual([true]);
  });

  test('not when less than half failed, however many', async () => {
    const { changes, calls } = createFixture();
    await calls(...times(50, 'ok', 'failure', 'ok'));
    expect(changes).toEqual([]);
  });

  test('by the calls within the window only', async () => {
    const { clock, changes, calls } = createFixture();
    await calls(...times(4, 'ok', 'failure'), 'ok');
    clock.advance(SETTINGS.windowMs);
    await calls(...times(4, 'ok', 'failure'), 'ok');
    expect(changes).toEqual([]);
    clock.advance(SETTINGS.windowMs * 0.9 - 1);
    await calls('failure');
    expect(changes).toEqual([true]);
  });

  test('by a call that throws before it returns a promise, too', async () => {
    const { changes, breaker } = createFixture({ consecutiveFailures: 1 });
    const thrown = breaker.run(() => {
      throw new Fault('failure');
    });
    await expect(thrown).rejects.toEqual(new Fault('failure'));
    expect(changes).toEqual([true]);
  });
});

describe('an open circuit breaker', () => {
  test('lets one call probe after exactly its time, and all calls after a success', async () => {
    const { clock, changes, begin, beginMade, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(14_999);
    expect(await begin()).toBe(1);
    clock.advance(1);
    const probe = await beginMade();
    expect(await Promise.all(Array.from({ length: 20 }, begin))).toEqual(Array(20).fill(PROBE_MS));
    clock.advance(14_999);
    expect(await begin()).toBe(PROBE_MS);
    await probe.end('ok');
    expect(changes).toEqual([true, false]);
    await Promise.all(Array.from({ length: 20 }, beginMade));
  });

  test('is probed again when a probe hangs, and ignores the outcome of the hanging probe', async () => {
    const { clock, changes, begin, beginMade, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(15_000);
    const hanging = await beginMade();
    clock.advance(15_000);
    const second = await beginMade();
    expect(await begin()).toBe(PROBE_MS);
    await hanging.end('failure');
    expect(await begin()).toBe(PROBE_MS);
    await second.end('ok');
    expect(changes).toEqual([true, false]);
    await Promise.all(Array.from({ length: 20 }, beginMade));
  });

  test('can still be probed after check()', async () => {
    const { clock, breaker, beginMade, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(15_000);
    breaker.check();
    breaker.check();
    await beginMade();
    expect(() => {
      breaker.check();
    }).toThrow(new CircuitOpenError(1_000));
  });

  test('doubles its open time after each failed probe, up to the maximum, and resets it after a success', async () => {
    const { clock, changes, begin, calls } = createFixture();
    for (let round = 0; round < 2; round += 1) {
      await calls(...times(5, 'failure'));
      for (const openMs of [15_000, 30_000, 60_000, 120_000, 120_000]) {
        expect(await begin()).toBe(openMs);
        clock.advance(openMs - 1);
        expect(await begin()).toBe(1);
        clock.advance(1);
        await calls('failure');
      }
      clock.advance(120_000);
      // A refusal, for example, shows that the host works.
      await calls(round === 0 ? 'ok' : 'success');
      expect(changes.at(-1)).toBe(false);
    }
    // Notified once for each opening: by five failures, and by five probes.
    expect(changes.filter((isOpen) => isOpen).length).toBeLessThanOrEqual(2 * 6);
    expect(changes.filter((isOpen) => !isOpen)).toHaveLength(2);
  });

  test('forgets all failures when it closes', async () => {
    const { clock, changes, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(15_000);
    await calls('ok', ...times(4, 'failure'), ...times(4, 'ok'));
    expect(changes).toEqual([true, false]);
  });

  test('can be probed again immediately after an ignored probe, which does not prolong the open time', async () => {
    const { clock, changes, begin, beginMade, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(15_000);
    for (let round = 0; round < 3; round += 1) {
      const probe = await beginMade();
      clock.advance(500);
      expect(await begin()).toBe(PROBE_MS);
      await probe.end('ignored');
    }
    await calls('failure');
    expect(await begin()).toBe(30_000);
    expect(changes.at(-1)).toBe(true);
  });

  test.each<Ending>(['ok', 'failure', 'ignored'])('ignores an older call that ends with "%s"', async (end) => {
    const { clock, begin, beginMade, calls } = createFixture();
    const older = await Promise.all(Array.from({ length: 30 }, beginMade));
    const endTen = async (): Promise<void> => {
      for (const call of older.splice(0, 10)) await call.end(end);
    };
    await calls(...times(5, 'failure'));
    clock.advance(10_000);
    await endTen();
    expect(await begin()).toBe(5_000);
    clock.advance(5_000);
    const probe = await beginMade();
    await endTen();
    expect(await begin()).toBe(PROBE_MS);
    await probe.end('failure');
    expect(await begin()).toBe(30_000);
    await endTen();
    expect(await begin()).toBe(30_000);
  });

  test('does not open again, once closed, by calls that started before it opened', async () => {
    const { clock, changes, beginMade, calls } = createFixture();
    const older = await Promise.all(Array.from({ length: 20 }, beginMade));
    await calls(...times(5, 'failure'));
    clock.advance(15_000);
    await calls('ok');
    for (const call of older) await call.end('failure');
    expect(changes).toEqual([true, false]);
  });

  test('stays open no longer when the clock is set back', async () => {
    const { clock, begin, beginMade, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(10_000);
    clock.advance(-HOUR_MS);
    expect(await begin()).toBe(15_000);
    clock.advance(14_999);
    expect(await begin()).toBe(1);
    clock.advance(1);
    await (await beginMade()).end('ok');
  });

  test('is probed immediately after an ignored probe, although the clock was set back meanwhile', async () => {
    const { clock, beginMade, calls } = createFixture();
    await calls(...times(5, 'failure'));
    clock.advance(15_000);
    const probe = await beginMade();
    clock.advance(-HOUR_MS);
    await probe.end('ignored');
    await (await beginMade()).end('ok');
  });
});

interface ModelCall {
  readonly era: number;
  readonly isProbe: boolean;
  readonly probe: number;
}

/** The rules in a straightforward form, computed from all results since the circuit last closed. */
function createModel(settings: CircuitBreakerSettings) {
  const bucketMs = settings.windowMs / 10;
  let state: 'closed' | 'open' | 'probing' = 'closed';
  let until = 0;
  let openMs = settings.openMs;
  let results: { readonly at: number; readonly isFailure: boolean }[] = [];
  let era = 0;
  /** The current probe, and its start. */
  let [probe, since] = [0, 0];

  const open = (now: number): void => {
    [state, until, era, results] = ['open', now + openMs, era + 1, []];
  };
  const isBad = (now: number): boolean => {
    const inARow = results.length - 1 - results.findLastIndex(({ isFailure }) => !isFailure);
    const recent = results.filter(({ at }) => Math.floor(now / bucketMs) - Math.floor(at / bucketMs) < 10);
    const failed = recent.filter(({ isFailure }) => isFailure).length;
    const isRatioBad = recent.length >= settings.minCalls && failed / recent.length >= settings.failureRatio;
    return inARow >= settings.consecutiveFailures || isRatioBad;
  };
  return {
    begin(now: number): ModelCall | Refusal {
      if (state === 'probing' && now - since < settings.openMs) return PROBE_MS;
      if (state === 'open' && now < until) return until - now;
      const isProbe = state !== 'closed';
      if (isProbe) [state, probe, since] = ['probing', probe + 1, now];
      return { era, isProbe, probe };
    },
    end(call: ModelCall, ending: Ending, now: number): void {
      if (call.isProbe && (state !== 'probing' || call.probe !== probe)) return;
      const isFailure = ending === 'failure';
      if (call.isProbe && ending === 'ignored') [state, until] = ['open', now];
      else if (call.isProbe && isFailure) {
        openMs = Math.min(openMs * 2, settings.maxOpenMs);
        open(now);
      } else if (call.isProbe) [state, openMs] = ['closed', settings.openMs];
      else if (call.era === era && ending !== 'ignored') {
        results.push({ at: now, isFailure });
        if (isFailure && isBad(now)) open(now);
      }
    },
  };
}

const anyEnding = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Ending>('failure') },
  { weight: 4, arbitrary: fc.constantFrom<Ending>('ok', 'success') },
  { weight: 1, arbitrary: fc.constant<Ending>('ignored') },
);
const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), ending: anyEnding }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('call' as const), ending: anyEnding }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 4_000 }) }) },
);
const anySettings = fc.record({
  consecutiveFailures: fc.integer({ min: 1, max: 6 }),
  failureRatio: fc.constantFrom(0.25, 0.5, 0.75, 1),
  minCalls: fc.integer({ min: 1, max: 8 }),
  windowMs: fc.constantFrom(1_000, 10_000),
  openMs: fc.constantFrom(500, 1_000),
  maxOpenMs: fc.constantFrom(1_000, 3_000),
});

test('CircuitBreaker equals its model for any sequence', async () => {
  await fc.assert(
    fc.asyncProperty(anySettings, fc.array(anyStep, { minLength: 20, maxLength: 60 }), async (settings, steps) => {
      const { clock, begin } = createFixture(settings);
      const model = createModel(settings);
      const underWay: { readonly call: Call; readonly modelled: ModelCall }[] = [];
      const start = async (): Promise<void> => {
        const [call, modelled] = [await begin(), model.begin(clock.now())];
        if (typeof call !== 'object' || typeof modelled !== 'object') expect(call).toBe(modelled);
        else underWay.push({ call, modelled });
      };
      const end = async (index: number, ending: Ending): Promise<void> => {
        const [ended] = underWay.splice(index, 1);
        if (ended === undefined) return;
        model.end(ended.modelled, ending, clock.now());
        await ended.call.end(ending);
      };
      for (const step of steps) {
        const count = underWay.length;
        if (step.do === 'advance') clock.advance(step.ms);
        else if (step.do === 'end') await end(step.which % Math.max(count, 1), step.ending);
        else await start();
        if (step.do === 'call' && underWay.length > count) await end(count, step.ending);
      }
    }),
    { numRuns: 300 },
  );
});
