// The deadline of an operation: the response is sent whatever the operation still waits for, and calls that no other
// operation waits for are cancelled. The test moves the clock.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { createGate } from '../kit/time/gate.js';
import { startStack } from '../kit/gateway.js';

/** A stack whose ScaleOps responds when the gate opens, on a clock that stands still. */
async function startSlow(env: Record<string, string> = {}) {
  const clock = createManualClock();
  const gate = createGate();
  const stack = await startStack({
    clock,
    env: { GATEWAY_TIMEOUT_MS: '5000', ...env },
    simulator: { latency: gate.pass, now: () => clock.now() },
  });
  return { ...stack, clock, gate };
}
type Slow = Awaited<ReturnType<typeof startSlow>>;

const QUERY = '{ __typename workloadCosts { isStale } }';
const OTHER = '{ workloadCosts(filter: { last: "7d" }) { isStale } }';
const codes = (response: { errors: readonly { extensions: { code: string } }[] }) =>
  response.errors.map(({ extensions }) => extensions.code);

describe('an operation that takes longer than GATEWAY_TIMEOUT_MS', () => {
  let stack: Slow;
  beforeEach(async () => {
    stack = await startSlow();
  });
  afterEach(async () => {
    stack.gate.open();
    await stack[Symbol.asyncDispose]();
  });

  test.each(['application/json', 'application/graphql-response+json'])(
    'is REQUEST_TIMEOUT as a whole, for %s',
    async (accept) => {
      const response = stack.send(QUERY, undefined, { headers: { accept } });
      await stack.gate.arrivals(1);
      stack.clock.advance(4_999);
      stack.clock.advance(1);
      const { status, text, errors, headers } = await response;
      expect([status, Object.keys(JSON.parse(text) as object)]).toEqual([504, ['errors']]);
      expect(errors).toMatchObject([
        { message: 'The operation exceeded its time limit.', extensions: { code: 'REQUEST_TIMEOUT', retryable: true } },
      ]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(stack.log.at(-1)).toMatchObject({
        level: 40,
        status: 504,
        durationMs: 5_000,
        upstreamMs: 5_000,
        errorCodes: ['REQUEST_TIMEOUT'],
        errorReasons: ['deadline'],
      });
      expect(stack.log.filter(({ msg }) => msg === 'unexpected error')).toEqual([]);
    },
  );

  test('cancels what it waited for, so that the next operation calls ScaleOps again', async () => {
    const first = stack.send(QUERY);
    await stack.gate.arrivals(1);
    stack.clock.advance(5_000);
    expect(codes(await first)).toEqual(['REQUEST_TIMEOUT']);
    const second = stack.send(QUERY);
    await stack.gate.arrivals(2);
    stack.gate.open();
    expect(codes(await second)).toEqual([]);
    expect(stack.received).toHaveLength(2);
  });

  test('does not cancel calls that other operations wait for', async () => {
    const first = stack.send(QUERY);
    await stack.gate.arrivals(1);
    stack.clock.advance(3_000);
    const second = stack.send(QUERY);
    // A later request at ScaleOps proves that this one has joined.
    const third = stack.send(OTHER);
    await stack.gate.arrivals(2);
    stack.clock.advance(2_000);
    expect(codes(await first)).toEqual(['REQUEST_TIMEOUT']);
    stack.gate.open();
    expect([codes(await second), codes(await third)]).toEqual([[], []]);
    expect(stack.received).toHaveLength(2);
  });

  test('closes the connection to ScaleOps, and leaves no timer', async () => {
    const url = `${await stack.gateway.listen()}/graphql`;
    const response = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
    });
    await stack.gate.arrivals(1);
    stack.clock.advance(5_000);
    expect((await response).status).toBe(504);
    expect(stack.clock.pending()).toBe(0);
  });
});

test('an operation that ends in time leaves no timer', async () => {
  await using stack = await startSlow();
  stack.gate.open();
  expect((await stack.send(QUERY)).errors).toEqual([]);
  expect((await stack.send(QUERY)).errors).toEqual([]);
  expect((await stack.send('{')).status).toBe(400);
  expect(stack.clock.pending()).toBe(0);
});

test('with GATEWAY_TIMEOUT_MS=off an operation may take as long as its calls to ScaleOps', async () => {
  await using stack = await startSlow({ GATEWAY_TIMEOUT_MS: 'off' });
  const response = stack.send(QUERY);
  await stack.gate.arrivals(1);
  stack.clock.advance(29_999);
  stack.gate.open();
  expect((await response).errors).toEqual([]);
});
