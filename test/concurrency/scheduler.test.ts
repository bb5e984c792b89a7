import { expect, test } from 'vitest';

import { Scheduler } from '../../src/concurrency/scheduler.js';

/** A clock that advances a millisecond per step, and turns of the event loop that the test runs. */
function createBench() {
  let nowMs = 0;
  const turns: (() => void)[] = [];
  const scheduler = new Scheduler(
    () => nowMs,
    (task) => void turns.push(task),
  );
  const log: string[] = [];
  function* count(name: string, steps: number): Generator<undefined, string, undefined> {
    try {
      for (let step = 0; step < steps; step += 1) {
        nowMs += 1;
        log.push(name);
        yield;
      }
      return name;
    } finally {
      log.push(`${name} ended`);
    }
  }
  return {
    scheduler,
    count,
    log,
    turn: () => {
      const due = turns.splice(0);
      for (const task of due) task();
    },
  };
}

test('returns the value of a short computation synchronously', () => {
  const { scheduler, count } = createBench();
  expect(scheduler.run(count('a', 9))).toBe('a');
});

test('pauses a long computation when the slice of the turn is over', async () => {
  const { scheduler, count, log, turn } = createBench();
  const result = scheduler.run(count('a', 25));
  expect(log).toHaveLength(10);
  turn();
  expect(log).toHaveLength(20);
  turn();
  expect(await result).toBe('a');
});

test('shares one slice between all computations of a turn', () => {
  const { scheduler, count, log } = createBench();
  void scheduler.run(count('a', 100));
  void scheduler.run(count('b', 1));
  expect(log).not.toContain('b');
});

test('continues computations in turn, so none starves', async () => {
  const { scheduler, count, log, turn } = createBench();
  const long = scheduler.run(count('a', 1_000));
  const short = scheduler.run(count('b', 1));
  turn();
  turn();
  expect(await short).toBe('b');
  expect(log).toContain('b ended');
  void long;
});

test('ends a computation before its next slice when its caller has aborted', async () => {
  const { scheduler, count, log, turn } = createBench();
  const caller = new AbortController();
  const result = Promise.resolve(scheduler.run(count('a', 100), caller.signal));
  caller.abort(new Error('gone'));
  turn();
  await expect(result).rejects.toThrow('gone');
  expect(log.at(-1)).toBe('a ended');
});

test('rejects with the error of a computation, and continues the others', async () => {
  const { scheduler, count, turn } = createBench();
  function* fail(): Generator<undefined, string, undefined> {
    yield* count('a', 15);
    throw new Error('broken');
  }
  const failed = Promise.resolve(scheduler.run(fail()));
  const other = scheduler.run(count('b', 3));
  turn();
  turn();
  await expect(failed).rejects.toThrow('broken');
  expect(await other).toBe('b');
});
