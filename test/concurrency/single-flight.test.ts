// Single flight on its own: callers that join, wait and abort, and when the work is aborted. Then compared with a plain
// model.

import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSingleFlight } from '../../src/concurrency/single-flight.js';
import { createDeferred, settle, watch, type Deferred, type Watched } from '../kit/time/deferred.js';

interface Flight {
  readonly work: Deferred<string>;
  /** The signal of the work, which aborts when no caller is left. */
  readonly signal: AbortSignal;
}

function createFixture() {
  const flights: Flight[] = [];
  const flight = createSingleFlight<string>();
  const join = (key = 'key', signal?: AbortSignal): Watched<string> =>
    watch(
      flight.join(
        key,
        (abort) => {
          const work = createDeferred<string>();
          flights.push({ work, signal: abort });
          return work.promise;
        },
        signal,
      ),
    );
  return { flights, flight, join };
}

describe('single flight', () => {
  test('runs one work per key at a time, and again after it has settled', async () => {
    const { flights, flight, join } = createFixture();
    const waiting = [join(), join(), join('other'), join()];
    expect(flights).toHaveLength(2);
    expect([flight.has('key'), flight.has('other'), flight.has('third')]).toEqual([true, true, false]);
    flights[0]!.work.resolve('first');
    await settle();
    expect(waiting.map(({ outcome }) => outcome())).toEqual([
      { value: 'first' },
      { value: 'first' },
      'pending',
      { value: 'first' },
    ]);
    expect([flight.has('key'), flight.has('other')]).toEqual([false, true]);
    const again = join();
    expect(flights).toHaveLength(3);
    flights[2]!.work.resolve('second');
    await settle();
    expect(again.outcome()).toEqual({ value: 'second' });
  });

  test('rejects every waiter with the error of the work, and does not cache it', async () => {
    const { flights, flight, join } = createFixture();
    const waiting = [join(), join('key', new AbortController().signal)];
    const error = new Error('failed');
    flights[0]!.work.reject(error);
    await settle();
    expect(waiting.map(({ outcome }) => outcome())).toEqual([{ error }, { error }]);
    expect(flight.has('key')).toBe(false);
    join();
    expect(flights).toHaveLength(2);
  });

  test('forgets work that throws before it returns a promise', async () => {
    const { flight } = createFixture();
    const thrown = flight.join('key', () => {
      throw new Error('thrown');
    });
    await expect(thrown).rejects.toThrow('thrown');
    expect(flight.has('key')).toBe(false);
  });

  test('rejects an aborted waiter with its own reason, and continues for the others', async () => {
    const { flights, join } = createFixture();
    const controller = new AbortController();
    const [left, stays] = [join('key', controller.signal), join()];
    controller.abort(new Error('left'));
    await settle();
    expect([left.outcome(), stays.outcome()]).toEqual([{ error: new Error('left') }, 'pending']);
    expect(flights[0]!.signal.aborted).toBe(false);
    flights[0]!.work.resolve('done');
    await settle();
    expect([left.outcome(), stays.outcome()]).toEqual([{ error: new Error('left') }, { value: 'done' }]);
  });

  test('aborts the work only when the last waiter has aborted', async () => {
    const { flights, flight, join } = createFixture();
    const leaving = Array.from({ length: 100 }, () => new AbortController());
    for (const { signal } of leaving) join('key', signal);
    for (const controller of leaving.slice(1)) controller.abort();
    await settle();
    expect([flights[0]!.signal.aborted, flight.has('key')]).toEqual([false, true]);
    leaving[0]!.abort();
    await settle();
    expect([flights[0]!.signal.aborted, flight.has('key')]).toEqual([true, false]);
    expect(flights).toHaveLength(1);
  });

  test('does not start work for a caller that has already aborted', async () => {
    const { flights, join } = createFixture();
    const left = join('key', AbortSignal.abort(new Error('left')));
    await settle();
    expect([left.outcome(), flights.length]).toEqual([{ error: new Error('left') }, 0]);
  });

  test('starts again for a caller that joins after all others have aborted', async () => {
    const { flights, flight, join } = createFixture();
    const controller = new AbortController();
    join('key', controller.signal);
    controller.abort();
    await settle();
    const newer = [join(), join()];
    expect(flights).toHaveLength(2);
    // The end of the old work does not affect newer work with the same key.
    flights[0]!.work.resolve('old');
    await settle();
    expect(newer.map(({ outcome }) => outcome())).toEqual(['pending', 'pending']);
    expect(flight.has('key')).toBe(true);
    join();
    expect(flights).toHaveLength(2);
    flights[1]!.work.resolve('new');
    await settle();
    expect(newer.map(({ outcome }) => outcome())).toEqual([{ value: 'new' }, { value: 'new' }]);
  });

  test('keeps the work for a caller that joins in the turn in which the last one aborts', async () => {
    const { flights, join } = createFixture();
    const controller = new AbortController();
    join('key', controller.signal);
    controller.abort();
    const joined = join();
    await settle();
    const flight = flights.at(-1)!;
    expect([flights.length, flight.signal.aborted]).toEqual([1, false]);
    flight.work.resolve('done');
    await settle();
    expect(joined.outcome()).toEqual({ value: 'done' });
  });

  test.each(['done', 'failed'])(
    'starts again for a caller that joins in the turn in which the work has %s',
    async (how) => {
      const { flights, flight, join } = createFixture();
      join('key', new AbortController().signal);
      const { promise, resolve, reject } = flights[0]!.work;
      const joinAgain = (): void => {
        join();
        expect(flights).toHaveLength(2);
      };
      const joined = promise.then(joinAgain, joinAgain);
      if (how === 'done') resolve('done');
      else reject(new Error('failed'));
      await joined;
      await settle();
      // Later aborts of the old waiters do not affect the newer work.
      expect([flight.has('key'), flights[1]!.signal.aborted]).toEqual([true, false]);
      join();
      expect(flights).toHaveLength(2);
    },
  );

  test('ignores the error of aborted work, and leaves no listener on the callers', async () => {
    const { flights, join } = createFixture();
    const [controller, staying] = [new AbortController(), new AbortController()];
    join('key', controller.signal);
    controller.abort();
    await settle();
    flights[0]!.work.reject(new Error('called off'));
    join('key', staying.signal);
    flights[1]!.work.resolve('done');
    await settle();
    expect([controller, staying].map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
  });
});

interface ModelFlight {
  readonly key: string;
  readonly waiters: Set<number>;
  hasSettled: boolean;
  isCancelled: boolean;
}

const KEYS = ['a', 'b'];
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), which: fc.nat(), fails: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(), fails: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('land' as const), which: fc.nat(), fails: fc.boolean() }) },
);

test('single flight equals its model for any sequence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 50 }), async (steps) => {
      const { flights, flight, join } = createFixture();
      const modelled: ModelFlight[] = [];
      const current = new Map<string, ModelFlight>();
      const waiters: { readonly controller: AbortController; readonly watched: Watched<string>; expected: unknown }[] =
        [];
      const modelJoin = (key: string, waiter: number): void => {
        const found = current.get(key) ?? { key, waiters: new Set(), hasSettled: false, isCancelled: false };
        if (!current.has(key)) modelled.push(found);
        current.set(key, found);
        found.waiters.add(waiter);
      };
      const modelLeave = (waiter: number): void => {
        const found = [...current.values()].find((each) => each.waiters.delete(waiter));
        if (found === undefined) return;
        waiters[waiter]!.expected = { error: new Error(`left ${waiter}`) };
        if (found.waiters.size > 0) return;
        found.isCancelled = true;
        current.delete(found.key);
      };
      const land = (index: number, fails: boolean): void => {
        const [{ work }, model] = [flights[index]!, modelled[index]!];
        if (model.hasSettled) return;
        const error = new Error(`failed ${index}`);
        if (fails) work.reject(error);
        else work.resolve(`flight ${index}`);
        model.hasSettled = true;
        for (const waiter of model.waiters)
          waiters[waiter]!.expected = fails ? { error } : { value: `flight ${index}` };
        model.waiters.clear();
        if (current.get(model.key) === model) current.delete(model.key);
      };
      for (const { do: what, which, fails } of steps) {
        if (what === 'join') {
          const [key, controller] = [KEYS[which % KEYS.length]!, new AbortController()];
          modelJoin(key, waiters.length);
          waiters.push({ controller, watched: join(key, controller.signal), expected: 'pending' });
        } else if (what === 'leave' && waiters.length > 0) {
          const waiter = which % waiters.length;
          waiters[waiter]!.controller.abort(new Error(`left ${waiter}`));
          modelLeave(waiter);
        } else if (what === 'land' && flights.length > 0) land(which % flights.length, fails);
        await settle();
        expect(waiters.map(({ watched }) => watched.outcome())).toEqual(waiters.map(({ expected }) => expected));
        expect(KEYS.filter((key) => flight.has(key))).toEqual(KEYS.filter((key) => current.has(key)));
        expect(flights).toHaveLength(modelled.length);
        // Aborting finished work has no effect.
        const underWay = flights.filter((_flight, index) => !modelled[index]!.hasSettled);
        const expected = modelled
          .filter(({ hasSettled: hasLanded }) => !hasLanded)
          .map(({ isCancelled: isCalledOff }) => isCalledOff);
        expect(underWay.map(({ signal }) => signal.aborted)).toEqual(expected);
      }
    }),
    { numRuns: 150 },
  );
});
