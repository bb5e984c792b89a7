// Counts over a sliding window, on a manual clock: rule by rule, then for random sequences.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSlidingWindowCounter } from '../../src/concurrency/sliding-window.js';
import { createManualClock } from '../kit/time/clock.js';

const HOUR_MS = 3_600_000;

describe('a sliding window counter', () => {
  test('counts each name separately over the window, in steps of a tenth', () => {
    const clock = createManualClock(0);
    const counts = createSlidingWindowCounter<'a' | 'b'>(clock, 1_000);
    for (const name of ['a', 'b', 'a'] as const) counts.add(name);
    clock.advance(999);
    counts.add('b');
    expect([counts.count('a'), counts.count('b')]).toEqual([2, 2]);
    clock.advance(1);
    expect([counts.count('a'), counts.count('b')]).toEqual([0, 1]);
    counts.clear();
    expect([counts.count('a'), counts.count('b')]).toEqual([0, 0]);
  });

  test('covers at least nine tenths of the window and at most all of it', () => {
    const anyPause = fc.oneof(fc.constantFrom(0, 1, 99, 100, 899, 900, 901, 999, 1_000), fc.nat({ max: 300 }));
    fc.assert(
      fc.property(fc.nat(), fc.array(anyPause, { maxLength: 60 }), (start, pauses) => {
        const clock = createManualClock(start);
        const counts = createSlidingWindowCounter<'a'>(clock, 1_000);
        const added: number[] = [];
        const within = (ms: number): number => added.filter((at) => clock.now() - at < ms).length;
        for (const ms of pauses) {
          clock.advance(ms);
          expect(counts.count('a')).toBeGreaterThanOrEqual(within(900));
          expect(counts.count('a')).toBeLessThanOrEqual(within(1_000));
          counts.add('a');
          added.push(clock.now());
        }
      }),
    );
  });

  test('counts like a filtered list, also when the clock jumps back and forth', () => {
    const anyStep = fc.oneof(
      fc.record({ do: fc.constantFrom('a' as const, 'b' as const), ms: fc.constant(0) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 400 }) }),
      fc.record({ do: fc.constant('jump' as const), ms: fc.constantFrom(-HOUR_MS, HOUR_MS, -150, -50) }),
    );
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const clock = createManualClock();
        const counts = createSlidingWindowCounter<'a' | 'b'>(clock, 1_000);
        let added: { readonly name: 'a' | 'b'; readonly at: number }[] = [];
        for (const step of steps) {
          clock.advance(step.ms);
          const [now, tenth] = [clock.now(), (at: number) => Math.floor(at / 100)];
          added = added.filter(({ at }) => tenth(at) > tenth(now) - 10 && tenth(at) <= tenth(now));
          if (step.do === 'a' || step.do === 'b') {
            counts.add(step.do);
            added.push({ name: step.do, at: now });
          }
          for (const name of ['a', 'b'] as const) {
            expect(counts.count(name)).toBe(added.filter((each) => each.name === name).length);
          }
        }
      }),
    );
  });
});
