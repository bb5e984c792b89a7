// The limits by address, caller and failed authentication, on a manual clock.

import { describe, expect, test } from 'vitest';

import { createRequestLimits } from '../../src/concurrency/request-limits.js';
import { createManualClock } from '../kit/time/clock.js';

function createFixture(perMinute = 60) {
  const clock = createManualClock();
  return { clock, ...createRequestLimits({ perMinute, clock }) };
}

const times = (count: number, take: (index: number) => number): number[] =>
  Array.from({ length: count }, (_, index) => take(index));
const passed = (waits: readonly number[]): number => waits.filter((waitMs) => waitMs === 0).length;

describe('createRequestLimits', () => {
  test('limits each caller, whatever its address', () => {
    const { countCaller: takeCaller } = createFixture();
    expect(passed(times(100, () => takeCaller('ann')))).toBe(60);
    expect(passed(times(100, () => takeCaller('bob')))).toBe(60);
    expect(takeCaller('ann')).toBe(1_000);
  });

  test('limits each address to ten times as much', () => {
    const { countAddress: takeAddress } = createFixture();
    expect(passed(times(1_000, () => takeAddress('10.0.0.1')))).toBe(600);
    expect(takeAddress('10.0.0.2')).toBe(0);
  });

  test('allows 30 of 600 made-up tokens from one address, concurrent or sequential', () => {
    const concurrent = createFixture();
    expect(passed(times(600, (index) => concurrent.countAttempt('10.0.0.1', `token ${index}`)))).toBe(30);
    const sequential = createFixture();
    const attempt = (index: number): number => {
      const waitMs = sequential.countAttempt('10.0.0.1', `token ${index}`);
      if (waitMs === 0) sequential.recordAuthenticationFailure('10.0.0.1', `token ${index}`);
      return waitMs;
    };
    expect(passed(times(600, attempt))).toBe(30);
    sequential.clock.advance(2_000);
    expect(attempt(1)).toBe(0);
    expect(attempt(2)).toBe(2_000);
  });

  test('allows accepted callers at an address from which others guess tokens', () => {
    const { countAttempt: takeAttempt, recordAuthenticationSuccess } = createFixture();
    expect(takeAttempt('10.0.0.1', 'ann')).toBe(0);
    recordAuthenticationSuccess('10.0.0.1', 'ann');
    times(600, (index) => takeAttempt('10.0.0.1', `token ${index}`));
    expect(takeAttempt('10.0.0.1', 'ann')).toBe(0);
    expect(takeAttempt('10.0.0.1', 'bob')).toBeGreaterThan(0);
    expect(takeAttempt('10.0.0.2', 'bob')).toBe(0);
  });

  test('counts nothing for callers that are accepted, however many there are', () => {
    const { countAttempt: takeAttempt, recordAuthenticationSuccess } = createFixture();
    const attempt = (index: number): number => {
      const waitMs = takeAttempt('10.0.0.1', `caller ${index}`);
      recordAuthenticationSuccess('10.0.0.1', `caller ${index}`);
      return waitMs;
    };
    expect(passed(times(500, attempt))).toBe(500);
  });

  test('no longer trusts a caller whose token is refused', () => {
    const { countAttempt: takeAttempt, recordAuthenticationSuccess, recordAuthenticationFailure } = createFixture();
    takeAttempt('10.0.0.1', 'ann');
    recordAuthenticationSuccess('10.0.0.1', 'ann');
    expect(recordAuthenticationFailure('10.0.0.1', 'ann')).toBe(0);
    expect(passed(times(100, () => takeAttempt('10.0.0.1', 'ann')))).toBe(29);
  });

  test('delays an address after too many failures that the gateway detects by itself', () => {
    const { clock, recordAuthenticationFailure } = createFixture();
    expect(passed(times(100, () => recordAuthenticationFailure('10.0.0.1')))).toBe(30);
    expect(recordAuthenticationFailure('10.0.0.2')).toBe(0);
    clock.advance(60_000);
    expect(recordAuthenticationFailure('10.0.0.1')).toBe(0);
  });

  test('allows five failures per minute when the limit is very low', () => {
    const { recordAuthenticationFailure } = createFixture(1);
    expect(passed(times(100, () => recordAuthenticationFailure('10.0.0.1')))).toBe(5);
  });

  test('keeps the limit of an active caller while 9,000 others appear', () => {
    const { countCaller: takeCaller } = createFixture();
    times(60, () => takeCaller('ann'));
    times(9_000, (index) => takeCaller(`caller ${index}`));
    expect(takeCaller('ann')).toBeGreaterThan(0);
  });
});
