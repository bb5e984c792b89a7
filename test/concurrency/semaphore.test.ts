// The semaphore: rule by rule, then under random interleavings of callers that acquire, abort, release and fail.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Semaphore, type Permit } from '../../src/concurrency/semaphore.js';
import { createDeferred, settle } from '../kit/time/deferred.js';

type TestCaller = Parameters<Semaphore['acquire']>[0] & {
  readonly end: () => void;
};

function createCaller(key?: string): TestCaller {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    key,
    end: () => {
      controller.abort(new Error('caller ended'));
    },
  };
}

describe('Semaphore', () => {
  test('grants at most its permits, and the next in FIFO order', async () => {
    const semaphore = new Semaphore({ max: 2 });
    const granted: number[] = [];
    const permits = [0, 1, 2, 3].map(async (index) => {
      const permit = await semaphore.acquire(createCaller());
      granted.push(index);
      return permit;
    });
    await settle();
    expect([granted, semaphore.held, semaphore.waiting]).toEqual([[0, 1], 2, 2]);
    (await permits[1]!).release();
    await settle();
    expect(granted).toEqual([0, 1, 2]);
    (await permits[0]!).release();
    await settle();
    expect([granted, semaphore.held, semaphore.waiting]).toEqual([[0, 1, 2, 3], 2, 0]);
  });

  test('counts a release once, however often it is called', async () => {
    const semaphore = new Semaphore({ max: 1 });
    const permit = await semaphore.acquire(createCaller());
    permit.release();
    const next = await semaphore.acquire(createCaller());
    permit.release();
    expect(semaphore.held).toBe(1);
    next.release();
    expect(semaphore.held).toBe(0);
  });

  test('keeps the permit of an aborted caller until it is released', async () => {
    const semaphore = new Semaphore({ max: 1 });
    const caller = createCaller();
    const permit = await semaphore.acquire(caller);
    caller.end();
    expect(semaphore.held).toBe(1);
    permit.release();
    expect(semaphore.held).toBe(0);
  });

  test('grants no permit to a caller that has already aborted', async () => {
    const semaphore = new Semaphore({ max: 1 });
    const caller = createCaller();
    caller.end();
    await expect(semaphore.acquire(caller)).rejects.toThrow('caller ended');
    await expect(semaphore.run(caller, () => Promise.resolve())).rejects.toThrow('caller ended');
    expect(semaphore.held).toBe(0);
  });

  test('takes the permit back from a caller that aborts in the turn in which it is granted', async () => {
    const semaphore = new Semaphore({ max: 1 });
    const first = await semaphore.acquire(createCaller());
    const caller = createCaller();
    const second = semaphore.acquire(caller);
    first.release();
    caller.end();
    await expect(second).rejects.toThrow('caller ended');
    expect([semaphore.held, semaphore.waiting]).toEqual([0, 0]);
  });

  test('removes an aborted caller from the queue', async () => {
    const semaphore = new Semaphore({ max: 1 });
    const first = await semaphore.acquire(createCaller());
    const caller = createCaller();
    const left = semaphore.acquire(caller);
    const stayed = semaphore.acquire(createCaller());
    caller.end();
    await expect(left).rejects.toThrow('caller ended');
    expect(semaphore.waiting).toBe(1);
    first.release();
    await stayed;
  });

  test('holds the permit of a task until it settles, although its caller has aborted', async () => {
    const semaphore = new Semaphore({ max: 1 });
    const caller = createCaller();
    const work = createDeferred<string>();
    const result = semaphore.run(caller, () => work.promise);
    await settle();
    caller.end();
    expect(semaphore.held).toBe(1);
    work.resolve('done');
    expect(await result).toBe('done');
    expect(semaphore.held).toBe(0);
    await expect(semaphore.run(createCaller(), () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    expect(semaphore.held).toBe(0);
  });

  test('serves the keys in turn, and limits each to its share', async () => {
    const semaphore = new Semaphore({ max: 4, maxPerKey: 3 });
    const order: string[] = [];
    const permits: Permit[] = [];
    const acquire = (key: string, count: number): void => {
      for (let index = 0; index < count; index += 1) {
        void semaphore.acquire(createCaller(key)).then((permit) => {
          order.push(key);
          permits.push(permit);
        });
      }
    };
    acquire('ann', 6);
    await settle();
    expect(order).toEqual(['ann', 'ann', 'ann']);
    acquire('bob', 2);
    acquire('eve', 1);
    await settle();
    expect(order.slice(3)).toEqual(['bob']);
    for (let round = 0; round < 5; round += 1) {
      permits.shift()!.release();
      await settle();
    }
    expect(order.slice(4)).toEqual(['ann', 'bob', 'eve', 'ann', 'ann']);
  });

  // Fails when a waiter stays queued after its caller has aborted, when a permit is released twice, or when the grant
  // skips a key that may have one.
  test('never exceeds its limits, never leaves a free permit unused, and ends empty', async () => {
    const anyStep = fc.record({
      action: fc.constantFrom('acquire', 'run', 'release', 'end', 'settle'),
      key: fc.constantFrom(undefined, 'ann', 'bob', 'eve'),
      at: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(anyStep, { maxLength: 60 }),
        async (max, perKey, steps) => {
          const semaphore = new Semaphore({ max, maxPerKey: perKey });
          const held = new Map<TestCaller, () => void>();
          const callers: TestCaller[] = [];
          const check = (): void => {
            expect(held.size).toBeLessThanOrEqual(max);
            expect(semaphore.held).toBe(held.size);
            for (const key of ['ann', 'bob', 'eve']) {
              const mine = [...held.keys()].filter((caller) => caller.key === key).length;
              expect(mine).toBeLessThanOrEqual(perKey);
              if (semaphore.waitingOf(key) > 0) expect(semaphore.isFree(key)).toBe(false);
            }
          };
          for (const { action, key, at } of steps) {
            const holder = [...held.entries()][at % Math.max(1, held.size)];
            if (action === 'acquire') {
              const caller = createCaller(key);
              callers.push(caller);
              semaphore.acquire(caller).then(
                (permit) => {
                  held.set(caller, permit.release);
                },
                () => undefined,
              );
            } else if (action === 'run') {
              const caller = createCaller(key);
              callers.push(caller);
              const task = (): Promise<void> => new Promise((resolve) => held.set({ ...caller }, resolve));
              semaphore.run(caller, task).catch(() => undefined);
            } else if (action === 'release' && holder !== undefined) {
              held.delete(holder[0]);
              holder[1]();
            } else if (action === 'end' && callers.length > 0) {
              callers[at % callers.length]!.end();
            }
            if (action !== 'settle') continue;
            await settle();
            check();
          }
          await settle();
          check();
          for (const caller of callers) caller.end();
          await settle();
          while (held.size > 0) {
            const [caller, release] = [...held.entries()][0]!;
            held.delete(caller);
            release();
            await settle();
          }
          await settle();
          expect([semaphore.held, semaphore.waiting]).toEqual([0, 0]);
        },
      ),
    );
  });
});
