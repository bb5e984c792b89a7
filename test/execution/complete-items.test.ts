// The executor completes long lists in steps, so that 100,000 objects do not hold the event loop.

import { expect, test } from 'vitest';

import { completeItems, type RunComputation } from '../../src/execution/complete-items.js';
import { createDeferred } from '../kit/time/deferred.js';

/** Runs steps synchronously and counts their pauses. */
function createCounter(): { readonly pauses: number[]; readonly runComputation: RunComputation } {
  const pauses: number[] = [];
  const runComputation: RunComputation = (steps) => {
    for (let count = 0; ; count += 1) {
      const { done, value } = steps.next();
      if (done !== true) continue;
      pauses.push(count);
      return value;
    }
  };
  return { pauses, runComputation };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('a long list pauses every 16 items', () => {
  const { pauses, runComputation } = createCounter();
  expect(completeItems(numbers(160), (value) => value, runComputation)).toEqual(numbers(160));
  expect(pauses).toEqual([10]);
});

test('a short list is completed without a pause', () => {
  const { pauses, runComputation } = createCounter();
  expect(completeItems(numbers(16), (value) => value, runComputation)).toEqual(numbers(16));
  expect(pauses).toEqual([]);
});

test('a list has at most 5,000 pending items', async () => {
  const { runComputation } = createCounter();
  const first = createDeferred<undefined>();
  let started = 0;
  const list = completeItems(
    numbers(12_000),
    async (value) => {
      started += 1;
      await first.promise;
      return value;
    },
    runComputation,
  );
  expect(started).toBe(5_000);
  first.resolve(undefined);
  expect(await list).toEqual(numbers(12_000));
});

test('the first error is the error of the list, and no later rejection goes unhandled', async () => {
  const fail = async (value: unknown) => {
    await Promise.resolve();
    throw new Error(`item ${String(value)}`);
  };
  await expect(completeItems(numbers(100), fail, createCounter().runComputation)).rejects.toThrow('item 0');
  const failLate = (value: unknown) => {
    if (value === 50) throw new Error('item 50');
    return fail(value);
  };
  expect(() => completeItems(numbers(100), failLate, createCounter().runComputation)).toThrow('item 50');
});
