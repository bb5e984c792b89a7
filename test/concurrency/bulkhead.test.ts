// The bulkhead on a manual clock: rule by rule, then compared with a plain model.

import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Bulkhead, BulkheadFullError, type BulkheadSettings } from '../../src/concurrency/bulkhead.js';
import { createManualClock } from '../kit/time/clock.js';
import { createDeferred, settle, watch } from '../kit/time/deferred.js';

/** A task of the bulkhead, with its observable state. */
interface TestTask {
  readonly name: number;
  readonly caller: AbortController;
  /** `pending`, the value, or the error as text. */
  readonly outcome: () => unknown;
  readonly end: (error?: Error) => void;
}

interface FixtureOptions extends BulkheadSettings {
  /** The remaining deadline of each caller when it arrives. */
  readonly timeoutMs?: number;
}

const QUEUE_FULL = 'BulkheadFullError: queue full';
const TOO_MANY = 'BulkheadFullError: caller has too many calls queued';
const NO_TIME = 'BulkheadFullError: no time left for a call';

function createFixture({ timeoutMs = 2_000, ...settings }: FixtureOptions) {
  const clock = createManualClock();
  const bulkhead = new Bulkhead(settings, clock);
  const tasks: TestTask[] = [];
  /** The started tasks, in order, and the running ones. */
  const started: number[] = [];
  const running = new Set<number>();
  const run = (key?: string, caller = new AbortController()): TestTask => {
    const name = tasks.length;
    const work = createDeferred<number>();
    const endsAt = clock.now() + timeoutMs;
    const result = bulkhead.run({ signal: caller.signal, remainingMs: () => endsAt - clock.now() }, key, () => {
      started.push(name);
      running.add(name);
      return work.promise.finally(() => running.delete(name));
    });
    const { outcome } = watch(result);
    const task: TestTask = {
      name,
      caller,
      outcome: () => {
        const now = outcome();
        if (now === 'pending') return now;
        return 'value' in now ? now.value : String(now.error);
      },
      end: (error) => {
        if (error) work.reject(error);
        else work.resolve(name);
      },
    };
    tasks.push(task);
    return task;
  };
  const listeners = (): number =>
    tasks.reduce((sum, { caller }) => sum + getEventListeners(caller.signal, 'abort').length, 0);
  const outcomes = (): unknown[] => tasks.map(({ outcome }) => outcome());
  return { clock, bulkhead, tasks, started, running, run, listeners, outcomes };
}

describe('Bulkhead', () => {
  test('runs its maximum, queues its maximum, and rejects the next immediately', async () => {
    const { clock, tasks, started, run, listeners, outcomes } = createFixture({ maxInFlight: 2, maxQueued: 3 });
    for (let count = 0; count < 6; count += 1) run();
    await settle();
    expect(started).toEqual([0, 1]);
    expect(outcomes()).toEqual([...Array<string>(5).fill('pending'), QUEUE_FULL]);
    expect([clock.pending(), listeners()]).toEqual([3, 3]);
    for (const { end } of tasks) end();
    await settle();
    expect(outcomes()).toEqual([0, 1, 2, 3, 4, QUEUE_FULL]);
    expect([clock.pending(), listeners()]).toEqual([0, 0]);
  });

  test('queues nothing when the maximum of the queue is 0', async () => {
    const { run, outcomes } = createFixture({ maxInFlight: 1, maxQueued: 0 });
    run();
    run();
    await settle();
    expect(outcomes()).toEqual(['pending', QUEUE_FULL]);
  });

  test('starts queued tasks in FIFO order, also when another one arrives at that moment', async () => {
    const { tasks, started, run } = createFixture({ maxInFlight: 1, maxQueued: 10 });
    for (let count = 0; count < 4; count += 1) run();
    await settle();
    for (const { end } of tasks.slice(0, 4)) {
      end();
      run();
      await settle();
    }
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  test('releases the slot of a task that fails, and of one that throws before it returns a promise', async () => {
    const clock = createManualClock();
    const bulkhead = new Bulkhead({ maxInFlight: 1, maxQueued: 1 }, clock);
    const { signal } = new AbortController();
    const caller = { signal, remainingMs: () => 1_000 };
    const thrown = bulkhead.run(caller, undefined, () => {
      throw new Error('thrown');
    });
    const failed = bulkhead.run(caller, undefined, () => Promise.reject(new Error('failed')));
    await expect(thrown).rejects.toThrow('thrown');
    await expect(failed).rejects.toThrow('failed');
    expect(await bulkhead.run(caller, undefined, () => Promise.resolve('done'))).toBe('done');
    expect([clock.pending(), getEventListeners(signal, 'abort')]).toEqual([0, []]);
  });

  test('queues a caller until its deadline leaves no time for the median of recent tasks', async () => {
    const { clock, run, listeners, started } = createFixture({ maxInFlight: 1, maxQueued: 1, timeoutMs: 10_000 });
    for (const durationMs of [100, 3_000, 5_000]) {
      const task = run();
      await settle();
      clock.advance(durationMs);
      task.end();
      await settle();
    }
    const running = run();
    const queued = run();
    clock.advance(6_999);
    await settle();
    expect(queued.outcome()).toBe('pending');
    clock.advance(1);
    await settle();
    expect(queued.outcome()).toBe(NO_TIME);
    expect([clock.pending(), listeners()]).toEqual([0, 0]);
    // The queue has room again.
    run();
    running.end();
    await settle();
    expect(started).toEqual([0, 1, 2, 3, 5]);
  });

  test('rejects a caller immediately when a typical task takes longer than its deadline', async () => {
    const { clock, run } = createFixture({ maxInFlight: 1, maxQueued: 1, timeoutMs: 1_000 });
    const slow = run();
    await settle();
    clock.advance(1_500);
    slow.end();
    await settle();
    run();
    const queued = run();
    await settle();
    expect(queued.outcome()).toBe(NO_TIME);
  });

  test('tells a rejected caller when the queue is expected to have drained', async () => {
    const { clock, bulkhead, run } = createFixture({ maxInFlight: 2, maxQueued: 5, timeoutMs: 60_000 });
    const rejection = async (): Promise<unknown> => {
      const { signal } = new AbortController();
      const error = await bulkhead
        .run({ signal, remainingMs: () => 60_000 }, undefined, () => Promise.resolve())
        .catch((thrown: unknown) => thrown);
      return error instanceof BulkheadFullError ? error.retryAfterMs : error;
    };
    const first = run();
    await settle();
    clock.advance(3_000);
    first.end();
    await settle();
    for (let count = 0; count < 7; count += 1) run();
    await settle();
    // Six calls in three rounds of two, 3 s each.
    expect(await rejection()).toBe(9_000);
  });

  test('lets a queued caller abort with its own reason', async () => {
    const { clock, tasks, started, run, listeners } = createFixture({ maxInFlight: 1, maxQueued: 2 });
    for (let count = 0; count < 3; count += 1) run();
    tasks[1]!.caller.abort(new Error('left'));
    await settle();
    expect(tasks[1]!.outcome()).toBe('Error: left');
    expect([clock.pending(), listeners()]).toEqual([1, 1]);
    run();
    for (const { end } of tasks) end();
    await settle();
    expect(started).toEqual([0, 2, 3]);
    expect([clock.pending(), listeners()]).toEqual([0, 0]);
  });

  test('does not start a task whose caller aborted before, though there is a slot', async () => {
    const { clock, started, run } = createFixture({ maxInFlight: 1, maxQueued: 1 });
    const aborted = new AbortController();
    aborted.abort(new Error('left'));
    const task = run(undefined, aborted);
    await settle();
    expect([started, task.outcome()]).toEqual([[], 'Error: left']);
    run();
    run();
    await settle();
    expect([started, clock.pending()]).toEqual([[1], 1]);
  });

  test('holds the slot of a task whose caller aborted until the task ends', async () => {
    const { tasks, started, run } = createFixture({ maxInFlight: 1, maxQueued: 1 });
    run();
    run();
    await settle();
    tasks[0]!.caller.abort();
    await settle();
    expect(started).toEqual([0]);
    tasks[0]!.end(new Error('ended'));
    await settle();
    expect(started).toEqual([0, 1]);
  });

  test('gives one caller at most three quarters of the slots and of the queue', async () => {
    const { bulkhead, run, outcomes, started } = createFixture({ maxInFlight: 8, maxQueued: 16 });
    for (let count = 0; count < 19; count += 1) run('ann');
    await settle();
    expect(bulkhead.load()).toEqual({ inFlight: 6, queued: 12 });
    expect(outcomes()).toEqual([...Array<string>(18).fill('pending'), TOO_MANY]);
    run('bob');
    run('bob');
    await settle();
    expect(started.slice(6)).toEqual([19, 20]);
  });

  test('serves queued callers in turn, whatever number of calls each has queued', async () => {
    const { tasks, run, started } = createFixture({ maxInFlight: 2, maxQueued: 40 });
    for (let count = 0; count < 20; count += 1) run('ann');
    for (let count = 0; count < 2; count += 1) run('bob');
    await settle();
    for (let round = 0; round < 4; round += 1) {
      for (const name of started.slice(-2)) tasks[name]!.end();
      await settle();
    }
    expect(started.filter((name) => name >= 20)).toEqual([20, 21]);
    expect(started.length).toBeLessThan(10);
  });
});

/** Running and queued tasks as two lists. */
function createModel({ maxInFlight, maxQueued, timeoutMs = 0 }: FixtureOptions) {
  const running = new Map<number, number>();
  const started: number[] = [];
  const outcomes = new Map<number, unknown>();
  const durations: number[] = [];
  let queue: { readonly name: number; readonly until: number }[] = [];
  const median = (): number => durations.toSorted((a, b) => a - b)[durations.length >> 1] ?? 0;
  const start = (name: number, now: number): void => {
    running.set(name, now);
    started.push(name);
  };
  const abort = (name: number, outcome: unknown): void => {
    if (queue.some((waiting) => waiting.name === name)) outcomes.set(name, outcome);
    queue = queue.filter((waiting) => waiting.name !== name);
  };
  return {
    started,
    running,
    outcomes,
    queued: () => queue.length,
    come(name: number, now: number): void {
      if (running.size < maxInFlight) start(name, now);
      else if (queue.length >= maxQueued) outcomes.set(name, QUEUE_FULL);
      else if (timeoutMs <= median()) outcomes.set(name, NO_TIME);
      else queue.push({ name, until: now + timeoutMs - median() });
    },
    end(name: number, outcome: unknown, now: number): void {
      const startedAt = running.get(name);
      if (startedAt === undefined) return;
      running.delete(name);
      outcomes.set(name, outcome);
      if (typeof outcome === 'number') durations.push(now - startedAt);
      const next = queue.shift();
      if (next !== undefined) start(next.name, now);
    },
    leave: abort,
    pass(now: number): void {
      for (const { name, until } of queue) if (until <= now) abort(name, NO_TIME);
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
  timeoutMs: fc.constantFrom(1, 500, 1_000),
});

test('Bulkhead equals its model, and leaves no timer or listener, for any sequence', async () => {
  await fc.assert(
    fc.asyncProperty(anySettings, fc.array(anyStep, { minLength: 15, maxLength: 50 }), async (settings, steps) => {
      const { clock, tasks, started, running, run, listeners, outcomes } = createFixture(settings);
      const model = createModel(settings);
      const expectSame = async (): Promise<void> => {
        await settle();
        expect(started).toEqual(model.started);
        expect([...running].sort()).toEqual([...model.running.keys()].sort());
        expect(running.size).toBeLessThanOrEqual(settings.maxInFlight);
        expect(outcomes()).toEqual(tasks.map(({ name }) => model.outcomes.get(name) ?? 'pending'));
        expect([clock.pending(), listeners()]).toEqual([model.queued(), model.queued()]);
      };
      const end = (name: number, fails: boolean): void => {
        // A task that has not started cannot end.
        if (running.has(name)) tasks[name]!.end(fails ? new Error(`failed ${name}`) : undefined);
        model.end(name, fails ? `Error: failed ${name}` : name, clock.now());
      };
      for (const step of steps) {
        if (step.do === 'come') {
          model.come(run().name, clock.now());
        } else if (step.do === 'advance') {
          clock.advance(step.ms);
          model.pass(clock.now());
        } else if (tasks.length > 0) {
          const { name, caller } = tasks[step.which % tasks.length]!;
          if (step.do === 'end') end(name, step.fails);
          else {
            caller.abort(new Error(`left ${name}`));
            model.leave(name, `Error: left ${name}`);
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
