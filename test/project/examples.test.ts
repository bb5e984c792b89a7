// The examples of GraphiQL: their comments, and useful results from the demo's data.

import { getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { EXAMPLE_TABS } from '../../src/http/graphiql/examples.js';
import { createManualClock } from '../kit/time/clock.js';
import { startStack, type TestStack } from '../kit/gateway.js';

/** Half an hour into a month, before its first full hour. */
const FIRST_OF_MONTH = Date.UTC(2026, 10, 1, 0, 30);
const MIDDLE_OF_MONTH = Date.UTC(2026, 10, 17, 14, 5);
const clocks = { early: createManualClock(FIRST_OF_MONTH), usual: createManualClock(MIDDLE_OF_MONTH) };

let stacks: Record<keyof typeof clocks, TestStack>;
const start = (clock: (typeof clocks)['usual']) =>
  startStack({ clock, simulator: { workloads: 1_000, now: () => clock.now() } });
beforeAll(async () => {
  stacks = { early: await start(clocks.early), usual: await start(clocks.usual) };
});
afterAll(async () => {
  for (const stack of Object.values(stacks)) await stack[Symbol.asyncDispose]();
});

async function run(name: string, when: keyof typeof clocks = 'usual') {
  const { query, variables = '{}' } = EXAMPLE_TABS.find((example) => example.name === name)!;
  return stacks[when].send(query, JSON.parse(variables));
}

describe.each(EXAMPLE_TABS)('the example $name', ({ name, query }) => {
  test('starts with a question, says what to change, and fits into the editor', () => {
    const comment = /^(?:#.*\n)+/.exec(query)?.[0] ?? '';
    expect(comment).toMatch(/\?[^]*\n# Change: /);
    const lines = query.split('\n');
    expect(lines.filter((line) => line.length > 76)).toEqual([]);
    // The width of the editor in a window of 900 pixels.
    expect(lines.filter((line) => /^ *#/.test(line) && line.length > 29)).toEqual([]);
    expect(getOperationAST(parse(query), name)).toBeTruthy();
  });

  test.each(['early', 'usual'] as const)('can run at any time of a month: %s', async (when) => {
    const { errors } = await run(name, when);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(
      name === 'ErrorOnPurpose' ? ['BAD_USER_INPUT'] : [],
    );
  });
});

interface Change {
  readonly keys: readonly { readonly value: string | null }[];
  readonly kind: string;
  readonly totals: { readonly totalCost: { readonly difference: number } };
}
const namesOf = (changes: readonly Change[], kind: string) =>
  changes.filter((change) => change.kind === kind).map(({ keys }) => keys[0]?.value);

describe('in the demo', () => {
  test('the costs of teams change by the move to spot machines and by the deploy of search', async () => {
    const { groups } = (await run('WhatChanged')).data.aggregatedCosts.comparison.breakdown as {
      groups: readonly Change[];
    };
    expect(namesOf(groups, 'DECREASED')[0]).toBe('ml-platform');
    expect(namesOf(groups, 'INCREASED')[0]).toBe('search');
  });

  test('the old storefront has vanished, and payout is new', async () => {
    const { newAndGone, largest } = (await run('NewAndGone')).data.aggregatedCosts.comparison;
    expect(namesOf(newAndGone.groups, 'VANISHED')).toContain('legacy-storefront');
    expect(namesOf(newAndGone.groups, 'APPEARED')).toContain('payout');
    expect(namesOf(largest.groups, 'INCREASED')).toContain('suggest');
  });

  test('some workloads have no team, and the team of the example has some', async () => {
    const { withoutTeam, breakdown } = (await run('Teams')).data.workloadCosts;
    expect([withoutTeam.totalCost > 0, breakdown.others.totalCost > 0]).toEqual([true, true]);
    expect((await run('OneTeam')).data.workloadCosts.rows.nodes).toHaveLength(10);
  });

  test('the workload of the entity card exists, and the list has a second page', async () => {
    expect((await run('Workload')).data.kubernetesWorkload.last7d.totalCost).toBeGreaterThan(0);
    expect((await run('Pages')).data.workloadCosts.rows.pageInfo.hasNextPage).toBe(true);
  });

  test('the month has one value per day and namespace, and one line for the others', async () => {
    const { intervals, series } = (await run('PerDay')).data.costTimeSeries;
    expect(intervals).toHaveLength(17);
    expect([...series.series, series.others].map(({ values }: { values: unknown[] }) => values.length)).toEqual(
      Array(6).fill(17),
    );
  });
});
