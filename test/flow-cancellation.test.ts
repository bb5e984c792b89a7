// CancellationSource does what AbortController and its signal do, as far as both go, whatever is done in whatever order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CancellationSource, follow, type Cancellation } from '../src/concurrency/cancellation.js';

interface Stand {
  readonly signal: Cancellation;
  abort(reason?: Error): void;
}

function createStands(): readonly Stand[] {
  const source = new CancellationSource();
  const controller = new AbortController();
  return [
    { signal: source, abort: source.abort.bind(source) },
    { signal: controller.signal, abort: controller.abort.bind(controller) },
  ];
}

function nameOf(reason: Error): string {
  return `${reason.name}: ${reason.message}`;
}

/** What somebody sees who does all this: the calls of listeners by number, and what is told after each step. */
function watch({ signal, abort }: Stand, steps: readonly string[]): unknown[] {
  const seen: unknown[] = [];
  const listeners = [0, 1, 2].map((number) => () => {
    seen.push(`listener ${number}, aborted: ${signal.aborted}`);
  });
  for (const step of steps) {
    const [what, number] = step.split(' ');
    const listener = listeners[Number(number)]!;
    if (what === 'add') signal.addEventListener('abort', listener, { once: true });
    else if (what === 'remove') signal.removeEventListener('abort', listener);
    else abort(what === 'abort' ? undefined : new Error(what));
    const isThrown = (() => {
      try {
        signal.throwIfAborted();
        return false;
      } catch (error) {
        return error === signal.reason;
      }
    })();
    seen.push([signal.aborted, isThrown, signal.aborted && nameOf(signal.reason)]);
  }
  return seen;
}

describe('calling off', () => {
  test('is seen as that of an AbortController, whatever is done in whatever order', () => {
    const number = fc.constantFrom(0, 1, 2);
    const step = fc.oneof(
      { weight: 4, arbitrary: number.map((each) => `add ${each}`) },
      { weight: 2, arbitrary: number.map((each) => `remove ${each}`) },
      fc.constantFrom('abort', 'late', 'gone'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const [own, real] = createStands().map((stand) => watch(stand, steps));
        expect(own).toEqual(real);
      }),
      { numRuns: 500 },
    );
  });

  test('goes on to who follows, before and after, with its reason', () => {
    for (const [number, { signal, abort }] of createStands().entries()) {
      const before = follow(signal);
      const calls: string[] = [];
      before.addEventListener('abort', () => calls.push(nameOf(before.reason)));
      abort(new Error(`left ${number}`));
      expect(calls).toEqual([`Error: left ${number}`]);
      expect(nameOf(follow(signal).reason)).toBe(`Error: left ${number}`);
      expect(follow(signal).aborted).toBe(true);
    }
  });
});
