// Deadlines and abortable waits, on a manual clock.

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';

import { delay, raceAbort } from '../../src/concurrency/abort.js';
import { Deadline } from '../../src/concurrency/deadline.js';
import { createManualClock } from '../kit/time/clock.js';
import { createDeferred, settle, watch } from '../kit/time/deferred.js';

const HOUR_MS = 3_600_000;
const listenersOf = ({ signal }: { readonly signal: AbortSignal }): number => getEventListeners(signal, 'abort').length;

describe('Deadline', () => {
  test('aborts after exactly its time, with the given error', () => {
    const clock = createManualClock();
    const error = new Error('too late');
    const deadline = new Deadline(clock, 1_000, { toError: () => error });
    deadline.throwIfAborted();
    clock.advance(999);
    expect([deadline.signal.aborted, deadline.remainingMs()]).toEqual([false, 1]);
    clock.advance(1);
    expect([deadline.signal.aborted, deadline.signal.reason, deadline.remainingMs()]).toEqual([true, error, 0]);
    expect(() => {
      deadline.throwIfAborted();
    }).toThrow(error);
  });

  test('aborts with a TimeoutError when no error is given', () => {
    const deadline = new Deadline(createManualClock(), 0);
    expect((deadline.signal.reason as Error).name).toBe('TimeoutError');
  });

  test('aborts with the reason of its caller, before and after it is first used', () => {
    const clock = createManualClock();
    const caller = new AbortController();
    const [used, unused] = [new Deadline(clock, 1_000, { caller }), new Deadline(clock, 1_000, { caller })];
    expect(used.signal.aborted).toBe(false);
    const reason = new Error('caller left');
    caller.abort(reason);
    expect([used.signal.reason, unused.signal.reason]).toEqual([reason, reason]);
    expect([clock.pending(), listenersOf(caller)]).toEqual([0, 0]);
  });

  test('may start in the past', () => {
    const clock = createManualClock();
    const startedAt = clock.now() - 400;
    const deadline = new Deadline(clock, 1_000, { startedAt });
    expect(deadline.remainingMs()).toBe(600);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(600);
    expect(deadline.signal.aborted).toBe(true);
    const late = new Deadline(clock, 1_000, { startedAt });
    expect([late.signal.aborted, clock.pending()]).toEqual([true, 0]);
  });

  test('starts no timer before its first use, yet counts from its start', () => {
    const clock = createManualClock();
    const caller = new AbortController();
    const deadline = new Deadline(clock, 1_000, { caller });
    expect([clock.pending(), listenersOf(caller)]).toEqual([0, 0]);
    clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    expect([clock.pending(), listenersOf(caller)]).toEqual([1, 1]);
    clock.advance(1);
    expect(deadline.signal.aborted).toBe(true);
    expect([clock.pending(), listenersOf(caller)]).toEqual([0, 0]);
  });

  test('leaves neither a timer nor a listener after its end, and does not abort any more', () => {
    const clock = createManualClock();
    const caller = new AbortController();
    const [used, unused] = [new Deadline(clock, 1_000, { caller }), new Deadline(clock, 1_000, { caller })];
    used.throwIfAborted();
    for (const deadline of [used, unused]) deadline.end();
    expect([clock.pending(), listenersOf(caller)]).toEqual([0, 0]);
    clock.advance(HOUR_MS);
    caller.abort();
    expect([used.signal.aborted, unused.signal.aborted]).toEqual([false, false]);
  });

  test('has no additional time after the clock is set back', () => {
    const clock = createManualClock();
    const deadline = new Deadline(clock, 1_000);
    clock.advance(-HOUR_MS);
    expect(deadline.remainingMs()).toBe(1_000);
  });

  test('settles a race like the work, or rejects when it aborts first', async () => {
    const clock = createManualClock();
    const deadline = new Deadline(clock, 1_000);
    await expect(deadline.race(Promise.resolve('done'))).resolves.toBe('done');
    await expect(deadline.race(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    const late = createDeferred<string>();
    const lost = watch(deadline.race(late.promise));
    clock.advance(1_000);
    await settle();
    expect(lost.outcome()).toEqual({ error: deadline.signal.reason as unknown });
    // Has no effect, and is no unhandled rejection.
    late.reject(new Error('too late'));
    await settle();
    expect(listenersOf(deadline)).toBe(0);
  });
});

describe('raceAbort', () => {
  test('leaves no listener, however the work ends', async () => {
    const { signal } = new AbortController();
    await raceAbort(Promise.resolve(), signal);
    await raceAbort(Promise.reject(new Error('failed')), signal).catch(() => undefined);
    await settle();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const never = new Promise(() => undefined);
    const [controller, left] = [new AbortController(), new AbortController()];
    left.abort(new Error('left'));
    const waiting = [raceAbort(never, controller.signal), raceAbort(never, left.signal)];
    controller.abort(new Error('leaving'));
    expect(await Promise.all(waiting.map((each) => each.catch(String)))).toEqual(['Error: leaving', 'Error: left']);
    expect([controller, left].map((each) => getEventListeners(each.signal, 'abort').length)).toEqual([0, 0]);
  });
});

describe('delay', () => {
  test('lasts exactly its time', async () => {
    const clock = createManualClock();
    const { signal } = new AbortController();
    const paused = watch(delay(clock, 1_000, signal));
    clock.advance(999);
    await settle();
    expect(paused.outcome()).toBe('pending');
    clock.advance(1);
    await settle();
    expect(paused.outcome()).toEqual({ value: undefined });
    expect([clock.pending(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  });

  test('rejects with the reason of the signal, and leaves no timer', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const paused = watch(delay(clock, 1_000, controller.signal));
    const reason = new Error('left');
    controller.abort(reason);
    await settle();
    expect(paused.outcome()).toEqual({ error: reason });
    await expect(delay(clock, 1_000, controller.signal)).rejects.toBe(reason);
    expect([clock.pending(), getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  });
});
