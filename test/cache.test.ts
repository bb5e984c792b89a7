import { describe, expect, test } from 'vitest';

import { createManualClock } from './kit/clock.js';
import { createGate } from './kit/gate.js';
import { startStack } from './kit/gateway.js';

const WORKLOADS = '{ workloadCosts { asOf isStale rows { totalCount } } }';

describe('a report in the cache', () => {
  test('answers again without another upstream call while it is fresh', async () => {
    const clock = createManualClock();
    await using stack = await startStack({ clock });
    const first = await stack.ask(WORKLOADS);
    clock.advance(59_999);
    const second = await stack.ask(WORKLOADS);
    expect(second.data).toEqual(first.data);
    expect(stack.received).toHaveLength(1);
    clock.advance(1);
    const third = await stack.ask(WORKLOADS);
    expect(stack.received).toHaveLength(2);
    expect(third.data.workloadCosts).toMatchObject({ asOf: '2026-01-31T00:01:00.000Z', isStale: false });
  });
});
