// The bulkhead by itself, on a clock that stands still: rule by rule, then against a plain model of it.

import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { BulkheadFullError, createBulkhead, type BulkheadSettings } from '../src/concurrency/bulkhead.js';
import { createManualClock } from './kit/clock.js';
import { createDeferred, settle, watch } from './kit/deferred.js';

/** A work that came to the bulkhead, with all that is seen of it from outside. */
interface Visit {
  readonly name: number;
  readonly leaving: AbortController;
  readonly outcome: () => unknown;
  /** Ends the work itself. */
  readonly end: (error?: Error) => void;
}

function createStand(settings: BulkheadSettings) {
  const clock = createManualClock();
  const bulkhead = createBulkhead(settings, clock);
  const visits: Visit[] = [];
  /** The works that have begun, in order, and those of them that have not ended. */
  const begun: number[] = [];
  const running = new Set<number>();
  const come = (leaving = new AbortController()): Visit => {
    const name = visits.length;
    const work = createDeferred<number>();
    const result = bulkhead.run(() => {
      begun.push(name);
      running.add(name);
      return work.promise.finally(() => running.delete(name));
    }, leaving);
    const { outcome } = watch(result);
    const end = (error?: Error): void => {
      if (error) work.reject(error);
      else work.resolve(name);
    };
    visits.push({ name, leaving, outcome, end });
    return visits.at(-1)!;
  };
  const listeners = (): number =>
    visits.reduce((sum, { leaving }) => sum + getEventListeners(leaving.signal, 'abort').length, 0);
  return { clock, visits, begun, running, come, listeners };
}

const queueFull = { error: new BulkheadFullError('queue full') };
const queuedTooLong = { error: new BulkheadFullError('queued too long') };

describe('a bulkhead', () => {
  test('runs so many at the same time, lets so many wait, and turns away the next at once', async () => {
    const { clock, visits, begun, come, listeners } = createStand({ maxInFlight: 2, maxQueued: 3, maxQueueMs: 2_000 });
    for (let count = 0; count < 6; count += 1) come();
    await settle();
    expect(begun).toEqual([0, 1]);
    expect(visits.map(({ outcome }) => outcome())).toEqual([...Array<string>(5).fill('pending'), queueFull]);
    expect([clock.pending(), listeners()]).toEqual([3, 3]);
    for (const { end } of visits) end();
    await settle();
    expect(visits.map(({ outcome }) => outcome())).toEqual(
      [0, 1, 2, 3, 4].map((value) => ({ value })).concat(queueFull as never),
    );
    expect([clock.pending(), listeners()]).toEqual([0, 0]);
  });

  test('lets nobody wait where the queue holds none', async () => {
    const { visits, come } = createStand({ maxInFlight: 1, maxQueued: 0, maxQueueMs: 2_000 });
    come();
    come();
    await settle();
    expect(visits.map(({ outcome }) => outcome())).toEqual(['pending', queueFull]);
  });

  test('gives the place to who has waited longest, also when somebody comes at that moment', async () => {
    const { visits, begun, come } = createStand({ maxInFlight: 1, maxQueued: 10, maxQueueMs: 2_000 });
    for (let count = 0; count < 4; count += 1) come();
    await settle();
    for (const { end } of visits.slice(0, 4)) {
      end();
      come();
      await settle();
    }
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  test('gives the place on after a work that failed, and after one that threw before it gave a promise', async () => {
    const clock = createManualClock();
    const bulkhead = createBulkhead({ maxInFlight: 1, maxQueued: 1, maxQueueMs: 2_000 }, clock);
    const caller = new AbortController();
    const thrown = bulkhead.run(() => {
      throw new Error('thrown');
    }, caller);
    const failed = bulkhead.run(() => Promise.reject(new Error('failed')), caller);
    await expect(thrown).rejects.toThrow('thrown');
    await expect(failed).rejects.toThrow('failed');
    expect(await bulkhead.run(() => Promise.resolve('done'), caller)).toBe('done');
    expect([clock.pending(), getEventListeners(caller.signal, 'abort')]).toEqual([0, []]);
  });

  test('turns away who has waited for exactly so long, and makes room in the queue by that', async () => {
    const { clock, visits, begun, come, listeners } = createStand({ maxInFlight: 1, maxQueued: 1, maxQueueMs: 2_000 });
    come();
    come();
    clock.advance(1_999);
    await settle();
    expect(visits[1]!.outcome()).toBe('pending');
    clock.advance(1);
    await settle();
    expect(visits[1]!.outcome()).toEqual(queuedTooLong);
    expect([clock.pending(), listeners()]).toEqual([0, 0]);
    come();
    visits[0]!.end();
    await settle();
    expect(begun).toEqual([0, 2]);
    // Its time in the queue is over: it is not counted on.
    clock.advance(10_000);
    await settle();
    expect(visits[2]!.outcome()).toBe('pending');
  });

  test('lets who waits leave, with its own reason, and makes room in the queue by that', async () => {
    const { clock, visits, begun, come, listeners } = createStand({ maxInFlight: 1, maxQueued: 2, maxQueueMs: 2_000 });
    for (let count = 0; count < 3; count += 1) come();
    const reason = new Error('left');
    visits[1]!.leaving.abort(reason);
    await settle();
    expect(visits[1]!.outcome()).toEqual({ error: reason });
    expect([clock.pending(), listeners()]).toEqual([1, 1]);
    come();
    for (const { end } of visits) end();
    await settle();
    expect(begun).toEqual([0, 2, 3]);
    expect([clock.pending(), listeners()]).toEqual([0, 0]);
  });

  test('does not begin what was given up before it came, though there is room', async () => {
    const { clock, begun, come } = createStand({ maxInFlight: 1, maxQueued: 1, maxQueueMs: 2_000 });
    const left = new AbortController();
    left.abort(new Error('left'));
    const visit = come(left);
    await settle();
    expect([begun, visit.outcome()]).toEqual([[], { error: new Error('left') }]);
    come();
    come();
    await settle();
    expect([begun, clock.pending()]).toEqual([[1], 1]);
  });

  test('keeps the place of a work that nobody waits for any more until it has really ended', async () => {
    const { visits, begun, come } = createStand({ maxInFlight: 1, maxQueued: 1, maxQueueMs: 2_000 });
    come();
    come();
    visits[0]!.leaving.abort();
    await settle();
    expect(begun).toEqual([0]);
    visits[0]!.end(new Error('ended'));
    await settle();
    expect(begun).toEqual([0, 1]);
  });
});

/** Who runs and who waits, as two lists. */
function createModel({ maxInFlight, maxQueued, maxQueueMs }: BulkheadSettings) {
  const running: number[] = [];
  const begun: number[] = [];
  const outcomes = new Map<number, unknown>();
  let queue: { readonly name: number; readonly until: number }[] = [];
  const admit = (name: number): void => {
    running.push(name);
    begun.push(name);
  };
  const leaveQueue = (name: number, outcome: unknown): void => {
    if (queue.some((waiting) => waiting.name === name)) outcomes.set(name, outcome);
    queue = queue.filter((waiting) => waiting.name !== name);
  };
  return {
    begun,
    running,
    outcomes,
    queued: () => queue.length,
    come(name: number, now: number): void {
      if (running.length < maxInFlight) admit(name);
      else if (queue.length < maxQueued) queue.push({ name, until: now + maxQueueMs });
      else outcomes.set(name, queueFull);
    },
    end(name: number, outcome: unknown): void {
      if (!running.includes(name)) return;
      running.splice(running.indexOf(name), 1);
      outcomes.set(name, outcome);
      const next = queue.shift();
      if (next !== undefined) admit(next.name);
    },
    leave: leaveQueue,
    pass(now: number): void {
      for (const { name, until } of queue) if (until <= now) leaveQueue(name, queuedTooLong);
    },
  };
}

const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('come' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), fails: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 600 }) }) },
);
const anySettings = fc.record({
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  maxQueued: fc.integer({ min: 0, max: 4 }),
  maxQueueMs: fc.constantFrom(1, 500, 1_000),
});

test('a bulkhead does as its model does, and leaves no timer and no listener, whatever comes', async () => {
  await fc.assert(
    fc.asyncProperty(anySettings, fc.array(anyStep, { minLength: 15, maxLength: 50 }), async (settings, steps) => {
      const { clock, visits, begun, running, come, listeners } = createStand(settings);
      const model = createModel(settings);
      const expectSame = async (): Promise<void> => {
        await settle();
        expect(begun).toEqual(model.begun);
        expect([...running].sort()).toEqual([...model.running].sort());
        expect(running.size).toBeLessThanOrEqual(settings.maxInFlight);
        const outcomes = visits.map(({ name }) => model.outcomes.get(name) ?? 'pending');
        expect(visits.map(({ outcome }) => outcome())).toEqual(outcomes);
        expect([clock.pending(), listeners()]).toEqual([model.queued(), model.queued()]);
      };
      const end = (name: number, fails: boolean): void => {
        const error = new Error(`failed ${name}`);
        // A work that has not begun cannot end.
        if (running.has(name)) visits[name]!.end(fails ? error : undefined);
        model.end(name, fails ? { error } : { value: name });
      };
      for (const step of steps) {
        if (step.do === 'come') {
          model.come(come().name, clock.now());
        } else if (step.do === 'advance') {
          clock.advance(step.ms);
          model.pass(clock.now());
        } else if (visits.length > 0) {
          const { name, leaving } = visits[step.which % visits.length]!;
          if (step.do === 'end') end(name, step.fails);
          else {
            const reason = new Error(`left ${name}`);
            leaving.abort(reason);
            model.leave(name, { error: reason });
          }
        }
        await expectSame();
      }
      while (running.size > 0) {
        for (const name of [...running]) end(name, false);
        await expectSame();
      }
      expect([clock.pending(), listeners()]).toEqual([0, 0]);
    }),
    { numRuns: 150 },
  );
});
