// The simulator's costs over time: windows add up exactly, weeks have a pattern, planned events happen on their days,
// recent costs are corrected, and a test can request wrong reports.

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { levelOf, sumOfLevels } from '../../src/simulator/history/rhythm.js';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.js';
import { propertyRuns } from '../kit/fuzz/runs.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Friday; the events are relative to its midnight. */
const NOW_MS = Date.UTC(2026, 10, 20, 12, 30);
const MIDNIGHT_MS = Date.UTC(2026, 10, 20);

interface Label {
  readonly key: string;
  readonly value: string;
}
interface Row {
  readonly id: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly workloadName: string;
  readonly workloadType: string;
  readonly ownerLabels: readonly Label[] | null;
  readonly labels: readonly Label[] | null;
  readonly amountOfWorkloads: number;
  readonly totalCost: number;
  readonly hourlyCost: number;
  readonly savingsAvailable: number;
  readonly savingsAvailableWithReplicas: number;
  readonly onDemandHours: number;
  readonly spotHours: number;
  readonly spotPercent: number;
  readonly ownerCpuRequest: number;
  readonly replicas: number;
}
interface Report {
  readonly aggregatedWorkloads: Row[] | null;
  readonly clusters: string[] | null;
  readonly window: { readonly startTime: string; readonly endTime: string };
  readonly error?: string;
  readonly failedClusters?: string[];
}
type Span = readonly [fromMs: number, toMs: number];

/** Fields that add up over time, in units of which every value is a whole number. */
const ADDITIVE = {
  totalCost: 1e6,
  savingsAvailable: 1e6,
  savingsAvailableWithReplicas: 1e6,
  onDemandHours: 1e3,
  spotHours: 1e3,
} as const;
type Sums = Record<keyof typeof ADDITIVE, number>;

const started: Simulator[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((simulator) => simulator.close()));
});

async function start(options: SimulatorOptions = {}) {
  const simulator = createSimulator({ workloads: 300, token: 't', now: () => NOW_MS, ...options });
  started.push(simulator);
  const url = await simulator.listen();
  const send = async (path: string, query: string, body: object): Promise<Report> => {
    const response = await fetch(`${url}/detailedCostReport/${path}?multiCluster=true&${query}`, {
      method: 'POST',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Report;
  };
  const aggregated = ([from, to]: Span, body: object = {}) => send('getAggregatedWorkloads', '', { from, to, ...body });
  return {
    aggregated,
    workloads: (range: string, body: object = {}) => send('getWorkloads', `range=${range}`, body),
    rows: async (span: Span, body: object = {}) => (await aggregated(span, body)).aggregatedWorkloads ?? [],
    cost: async (span: Span, body: object = {}) => sumOf((await aggregated(span, body)).aggregatedWorkloads),
  };
}

function sumOf(rows: readonly Row[] | null): number {
  return (rows ?? []).reduce((sum, row) => sum + Math.round(row.totalCost * 1e6), 0) / 1e6;
}

/** By the id of the row, which is the id of its group. */
function sumRows(reports: readonly (readonly Row[])[]): Record<string, Sums> {
  const sums: Record<string, Sums> = {};
  for (const row of reports.flat()) {
    const sum = (sums[row.id] ??= {
      totalCost: 0,
      savingsAvailable: 0,
      savingsAvailableWithReplicas: 0,
      onDemandHours: 0,
      spotHours: 0,
    });
    for (const [name, units] of Object.entries(ADDITIVE) as [keyof Sums, number][]) {
      sum[name] += Math.round(row[name] * units);
    }
  }
  return sums;
}

function spansOf(fromMs: number, stepMs: number, count: number): Span[] {
  return Array.from({ length: count }, (_, index) => [fromMs + index * stepMs, fromMs + (index + 1) * stepMs]);
}

/** Hours relative to the midnight of the events. */
const hour = (hours: number): Span => [MIDNIGHT_MS + hours * HOUR_MS, MIDNIGHT_MS + (hours + 1) * HOUR_MS];
const day = (days: number): Span => [MIDNIGHT_MS + days * DAY_MS, MIDNIGHT_MS + (days + 1) * DAY_MS];
const namesOf = (rows: readonly Row[] | null) => (rows ?? []).map((row) => row.workloadName);

describe('costs, savings and pod-hours add up to the last unit', () => {
  it.each([
    ['the hours of a day', day(-9), HOUR_MS, 24],
    ['the hours of yesterday, which are preliminary', day(-1), HOUR_MS, 24],
    ['the days of a month', [MIDNIGHT_MS - 30 * DAY_MS, MIDNIGHT_MS] as Span, DAY_MS, 30],
    [
      'the days of a window that reaches into the future',
      [MIDNIGHT_MS - 5 * DAY_MS, MIDNIGHT_MS + 5 * DAY_MS] as Span,
      DAY_MS,
      10,
    ],
    ['the weeks of a year', [MIDNIGHT_MS - 364 * DAY_MS, MIDNIGHT_MS] as Span, 7 * DAY_MS, 52],
  ])('over %s', async (_, [from, to], stepMs, count) => {
    const { rows } = await start();
    const grouping = { groupByNamespace: true, groupByLabels: ['team'] };
    const parts = await Promise.all(spansOf(from, stepMs, count).map((span) => rows(span, grouping)));
    const whole = sumRows([await rows([from, to], grouping)]);
    expect(Object.keys(whole).length).toBeGreaterThan(20);
    expect(sumRows(parts)).toEqual(whole);
  });

  it('over any two adjacent windows, to the millisecond', async () => {
    const { rows } = await start();
    const moment = fc.oneof(
      fc.integer({ min: NOW_MS - 20 * DAY_MS, max: NOW_MS + DAY_MS }),
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
    );
    const moments = fc
      .tuple(moment, moment, moment)
      .map((all) => all.sort((one, other) => one - other))
      .filter(([from, middle, to]) => from < middle && middle < to);
    await fc.assert(
      fc.asyncProperty(moments, async ([from, middle, to]) => {
        const grouping = { groupByNamespace: true };
        const parts = await Promise.all([rows([from, middle], grouping), rows([middle, to], grouping)]);
        expect(sumRows(parts)).toEqual(sumRows([await rows([from, to], grouping)]));
      }),
      { numRuns: propertyRuns(60) },
    );
  });

  it('for each workload: two weeks minus the second week equal the first week', async () => {
    const { workloads, rows } = await start();
    const [week, fortnight] = await Promise.all(['7d', '14d'].map((range) => workloads(range)));
    const firstWeek = await rows([NOW_MS - 14 * DAY_MS, NOW_MS - 7 * DAY_MS]);
    const difference = sumOf(fortnight!.aggregatedWorkloads) - sumOf(week!.aggregatedWorkloads);
    expect(difference).toBeCloseTo(sumOf(firstWeek), 6);
    for (const { id, totalCost } of week!.aggregatedWorkloads!) {
      expect(fortnight!.aggregatedWorkloads!.find((row) => row.id === id)!.totalCost).toBeGreaterThanOrEqual(totalCost);
    }
  });

  it('and are never negative, in any hour or minute', async () => {
    const { workloads } = await start();
    const { workloads: inAMinute } = await start({
      faults: { replaceWindow: () => ({ fromMs: NOW_MS - DAY_MS - 30_000, toMs: NOW_MS - DAY_MS + 30_000 }) },
    });
    let requestedMs = 0;
    const { workloads: inAnHour } = await start({
      faults: { replaceWindow: () => ({ fromMs: requestedMs, toMs: requestedMs + HOUR_MS }) },
    });
    const reports = [await workloads('1h'), await inAMinute('7d')];
    for (let hours = 1; hours <= 60; hours++) {
      requestedMs = NOW_MS - hours * 5 * HOUR_MS;
      reports.push(await inAnHour('7d'));
    }
    for (const { aggregatedWorkloads } of reports) {
      expect(aggregatedWorkloads!.length).toBeGreaterThan(250);
      for (const row of aggregatedWorkloads!) {
        expect(row.totalCost).toBeGreaterThanOrEqual(0);
        expect(row.onDemandHours + row.spotHours).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

describe('the weekly pattern', () => {
  it('of workloads that serve customers has a peak in the evening and is lower at weekends', async () => {
    const { cost } = await start();
    const filter = { clusters: ['prod-us-east-1'], groupByNamespace: true };
    const [peak, trough] = await Promise.all([cost(hour(-17 * 24 + 19), filter), cost(hour(-17 * 24 + 7), filter)]);
    expect(peak).toBeGreaterThan(1.2 * trough);
    // 31 October was a Saturday, the 28th a Wednesday.
    const [saturday, wednesday] = await Promise.all([cost(day(-20), filter), cost(day(-23), filter)]);
    expect(saturday).toBeLessThan(0.97 * wednesday);
  });

  it('of a database is flat: it runs at the same size at any hour', async () => {
    const { rows } = await start();
    const filter = { tags: ['payout-elasticsearch', 'events-mysql', 'customers-postgres'], groupByCluster: true };
    const hours = await Promise.all(spansOf(day(-40)[0], HOUR_MS, 24).map((span) => rows(span, filter)));
    const sizes = new Set(
      hours.map((found) => JSON.stringify(found.map((row) => [row.replicas, row.ownerCpuRequest]))),
    );
    expect(hours[0]!.length).toBeGreaterThan(0);
    expect(sizes.size).toBe(1);
    for (const row of hours.flat()) expect(row.onDemandHours).toBeCloseTo(row.replicas, 2);
    expect(new Set(hours.map((found) => found[0]!.totalCost)).size).toBe(24);
  });

  it('grows weekly, within limits, by a formula that equals the sum of its weeks', () => {
    const weeklyGrowth = 0.006;
    for (let week = -100; week < 100; week++) {
      const level = levelOf(week, weeklyGrowth);
      expect(sumOfLevels(week + 1, weeklyGrowth) - sumOfLevels(week, weeklyGrowth)).toBeCloseTo(level, 9);
      expect(level).toBeGreaterThanOrEqual(levelOf(week - 1, weeklyGrowth));
    }
    expect([-1000, -10, 0, 10, 1000].map((week) => levelOf(week, weeklyGrowth))).toEqual([0.532, 0.94, 1, 1.06, 1.312]);
  });

  it('determines the replicas of workloads that serve customers, and the hours of batch workloads', async () => {
    let [fromMs, toMs] = day(0);
    const { workloads } = await start({ faults: { replaceWindow: () => ({ fromMs, toMs }) } });
    const rowsOf = async (span: Span) => {
      [fromMs, toMs] = span;
      return (await workloads('7d')).aggregatedWorkloads!;
    };
    const evening = await rowsOf(hour(-17 * 24 + 19));
    const morning = await rowsOf(hour(-17 * 24 + 7));
    const longAgo = await rowsOf(hour(-400 * 24));
    const sizesOf = (rows: readonly Row[], type: string, place: string) =>
      rows.filter((row) => row.workloadType === type && row.id.startsWith(place)).map((row) => [row.id, row.replicas]);
    const replicasOf = (rows: readonly Row[]) => rows.reduce((sum, row) => sum + row.replicas, 0);
    const websitesOf = (rows: readonly Row[]) => rows.filter((row) => /^prod.*Rollout/.test(row.id));
    expect(replicasOf(websitesOf(evening))).toBeGreaterThan(1.3 * replicasOf(websitesOf(morning)));
    for (const rows of [morning, longAgo]) {
      const databases = sizesOf(rows, 'StatefulSet', 'prod-us-east-1/databases');
      expect(databases.length).toBeGreaterThan(3);
      expect(sizesOf(evening, 'StatefulSet', 'prod-us-east-1/databases')).toEqual(expect.arrayContaining(databases));
    }
    const jobs = [evening, morning].map((rows) => rows.filter((row) => row.workloadType === 'CronJob'));
    expect(jobs[0]!.map((row) => row.replicas)).toEqual(jobs[1]!.map((row) => row.replicas));
    expect(jobs[0]!.map((row) => row.spotHours)).not.toEqual(jobs[1]!.map((row) => row.spotHours));
  });

  it('includes growth: a month costs more than the same month of the previous year', async () => {
    const { rows } = await start();
    const span = (days: number): Span => [NOW_MS - (days + 28) * DAY_MS, NOW_MS - days * DAY_MS];
    const [now, then] = await Promise.all([rows(span(20), { groupByNamespace: true }), rows(span(384))]);
    expect(sumOf(now)).toBeGreaterThan(1.03 * sumOf(then));
  });
});

describe('the events of the demo', () => {
  const BY_SERVICE = { clusters: ['prod-us-east-1'], groupByNamespace: true, groupByLabels: ['app'] };
  const isService = (namespace: string, app: string) => (row: Row) =>
    row.namespace === namespace && row.labels?.[0]?.value === app;
  const isSuggest = isService('search', 'suggest');

  it('double the workload suggest nine days ago, at 10:00 UTC', async () => {
    const { rows } = await start();
    const suggest = async (span: Span) => (await rows(span, BY_SERVICE)).find(isSuggest)!;
    const [before, after, both] = await Promise.all([
      suggest(hour(-9 * 24 + 9)),
      suggest(hour(-9 * 24 + 10)),
      suggest([hour(-9 * 24 + 9)[0], hour(-9 * 24 + 10)[1]]),
    ]);
    expect(after.totalCost / before.totalCost).toBeCloseTo(2, 0);
    expect(after.replicas / before.replicas).toBeCloseTo(2, 0);
    // Replicas are the mean over the window.
    expect(both.replicas).toBeCloseTo((before.replicas + after.replicas) / 2, 2);
    expect(both.hourlyCost).toBeCloseTo(both.totalCost / 2, 5);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'are visible in a comparison of last week with the week before, %i days after a Monday',
    async (days) => {
      const monday = Date.UTC(2026, 10, 16);
      const nowMs = monday + days * DAY_MS + 17 * HOUR_MS;
      const { rows } = await start({ now: () => nowMs });
      const suggest = async (...span: Span) => (await rows(span, BY_SERVICE)).find(isSuggest)!.totalCost;
      const rolling = await Promise.all([
        suggest(nowMs - 7 * DAY_MS, nowMs),
        suggest(nowMs - 14 * DAY_MS, nowMs - 7 * DAY_MS),
      ]);
      const calendar = await Promise.all([
        suggest(monday - 7 * DAY_MS, monday),
        suggest(monday - 14 * DAY_MS, monday - 7 * DAY_MS),
      ]);
      expect(rolling[0] / rolling[1]).toBeGreaterThan(1.4);
      expect(calendar[0] / calendar[1]).toBeGreaterThan(1.3);
    },
  );

  it('move training to spot machines eight days ago, at 06:00 UTC', async () => {
    const { rows } = await start();
    const training = async (span: Span) =>
      (await rows(span, { groupByNamespace: true, gpuWorkloadsOnly: true })).find(
        (row) => row.namespace === 'ml-training',
      )!;
    const [before, after] = await Promise.all([training(hour(-8 * 24 + 5)), training(hour(-8 * 24 + 6))]);
    expect([before.spotPercent, before.spotHours]).toEqual([0, 0]);
    expect(after.spotPercent).toBeGreaterThan(50);
    expect(after.totalCost).toBeLessThan(0.7 * before.totalCost);
    expect(after.onDemandHours + after.spotHours).toBeCloseTo(before.onDemandHours, 1);
  });

  it('have no row of a workload outside of its lifetime', async () => {
    const { rows, workloads } = await start();
    const storefront = { tags: ['legacy-storefront-web', 'legacy-storefront-api', 'legacy-storefront-postgres'] };
    const counts = async (test: (row: Row) => boolean, body: object, ...spans: Span[]) => {
      const found = await Promise.all(spans.map((span) => rows(span, body)));
      return found.map((all) => all.find(test)?.amountOfWorkloads ?? 0);
    };
    const lives = [day(-300), hour(-8 * 24 + 17), hour(-8 * 24 + 18), day(-7)];
    expect(await counts(() => true, storefront, ...lives)).toEqual([3, 3, 0, 0]);
    const isPayout = isService('payments', 'payout');
    const [never, before, after, today] = await counts(isPayout, BY_SERVICE, day(-300), hour(-112), hour(-111), day(0));
    expect([never, before]).toEqual([0, 0]);
    expect(after).toBeGreaterThan(0);
    expect(today).toBe(after);
    const [week, fortnight] = await Promise.all(['7d', '14d'].map((range) => workloads(range)));
    const vanished = namesOf(fortnight!.aggregatedWorkloads).filter(
      (name) => !namesOf(week!.aggregatedWorkloads).includes(name),
    );
    expect(vanished.sort()).toEqual([...storefront.tags, 'order-archive-migration'].sort());
    expect(week!.aggregatedWorkloads).toHaveLength(300);
  });

  it('average over the lifetime of a workload, and divide its cost by the whole window', async () => {
    const { workloads } = await start();
    const [month, day90] = await Promise.all(['30d', '90d'].map((range) => workloads(range)));
    const [short, long] = [month!, day90!].map(({ aggregatedWorkloads }) =>
      aggregatedWorkloads!.find((row) => row.workloadName === 'order-archive-migration')!,
    );
    expect(long!.replicas).toBe(short!.replicas);
    expect([long!.totalCost, long!.spotHours]).toEqual([short!.totalCost, short!.spotHours]);
    expect(short!.hourlyCost).toBeCloseTo(short!.totalCost / 720, 5);
  });

  it('start and stop other workloads in the previous year', async () => {
    const { aggregated } = await start({ workloads: 1000 });
    const days = await Promise.all([-380, -300, -200, -100, -25].map((days) => aggregated(day(days))));
    const year = await aggregated([MIDNIGHT_MS - 380 * DAY_MS, MIDNIGHT_MS]);
    const counts = days.map(({ aggregatedWorkloads }) => aggregatedWorkloads![0]!.amountOfWorkloads);
    expect(counts).toEqual([...counts].sort((one, other) => one - other));
    expect(new Set(counts).size).toBe(5);
    expect(year.aggregatedWorkloads![0]!.amountOfWorkloads).toBeGreaterThan(1015);
  });

  it('are the same in another simulator of the same day', async () => {
    let nowMs = MIDNIGHT_MS;
    const [one, other] = [await start({ now: () => nowMs }), await start()];
    nowMs = NOW_MS;
    const body = { groupByNamespace: true };
    const span: Span = [NOW_MS - 30 * DAY_MS, NOW_MS];
    expect(await one.aggregated(span, body)).toEqual(await other.aggregated(span, body));
  });
});

describe('the present', () => {
  it('ends all costs: a window into the future has the costs so far, and the requested dates', async () => {
    const { aggregated } = await start();
    const open = await aggregated([NOW_MS - DAY_MS, NOW_MS + DAY_MS], { groupByCluster: true });
    const past = await aggregated([NOW_MS - DAY_MS, NOW_MS], { groupByCluster: true });
    expect(open.window).toEqual({ startTime: '2026-11-19T12:30:00', endTime: '2026-11-21T12:30:00' });
    expect(sumRows([open.aggregatedWorkloads!])).toEqual(sumRows([past.aggregatedWorkloads!]));
    expect(open.aggregatedWorkloads![0]!.hourlyCost).toBeCloseTo(past.aggregatedWorkloads![0]!.hourlyCost / 2, 4);
    const future = await aggregated([NOW_MS, NOW_MS + DAY_MS]);
    expect([future.aggregatedWorkloads, future.clusters]).toEqual([null, null]);
  });

  it('corrects the cost of an hour four times a day until it is three days old', async () => {
    const hourEndMs = NOW_MS - 30 * 60_000;
    const span: Span = [hourEndMs - HOUR_MS, hourEndMs];
    let nowMs = NOW_MS;
    const { rows } = await start({ now: () => nowMs });
    const costAt = async (hours: number) => {
      nowMs = hourEndMs + hours * HOUR_MS;
      return sumRows([await rows(span, { groupByNamespace: true })]);
    };
    const [first, same, ...later] = [
      await costAt(0),
      await costAt(5.9),
      ...(await costAt(6).then(async (six) => [six, await costAt(36), await costAt(60)])),
    ];
    const settled = await costAt(72);
    expect(same).toEqual(first);
    expect(new Set([first, ...later, settled].map((sums) => JSON.stringify(sums))).size).toBe(5);
    expect(await costAt(200)).toEqual(settled);
    for (const [id, { totalCost, onDemandHours }] of Object.entries(first)) {
      expect(Math.abs(totalCost / settled[id]!.totalCost - 1)).toBeLessThan(0.12);
      expect(onDemandHours).toBe(settled[id]!.onDemandHours);
    }
  });
});

describe('faults that a test can request', () => {
  it('replaceWindow returns the report of another window, with the dates of that window', async () => {
    const oldestMs = NOW_MS - 10 * DAY_MS;
    const clipped = await start({
      faults: { replaceWindow: ({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, oldestMs), toMs }) },
    });
    const whole = await start();
    const expected = await whole.aggregated([oldestMs, NOW_MS], { groupByCluster: true });
    expect(await clipped.aggregated([NOW_MS - 30 * DAY_MS, NOW_MS], { groupByCluster: true })).toEqual(expected);
    expect(await clipped.workloads('30d')).toEqual(await whole.workloads('10d'));
    expect(await clipped.workloads('7d')).toEqual(await whole.workloads('7d'));
  });

  it('failedClusters omits the rows of a cluster and reports it, until it is switched off', async () => {
    let failed: string[] = [];
    const { aggregated, workloads } = await start({ faults: { failedClusters: () => failed } });
    const span: Span = [NOW_MS - DAY_MS, NOW_MS];
    const whole = await aggregated(span, { groupByCluster: true });
    failed = ['ml-us-west-2', 'nowhere'];
    const partial = await aggregated(span, { groupByCluster: true });
    const rest = whole.aggregatedWorkloads!.filter((row) => row.clusterName !== 'ml-us-west-2');
    expect(partial).toEqual({
      aggregatedWorkloads: rest,
      clusters: whole.clusters!.filter((name) => name !== 'ml-us-west-2'),
      window: whole.window,
      error: 'no answer from ml-us-west-2',
      failedClusters: ['ml-us-west-2'],
    });
    expect(await workloads('7d')).toMatchObject({ failedClusters: ['ml-us-west-2'] });
    // A request without the option is not affected.
    expect(await aggregated(span, { clusters: ['prod-us-east-1'] })).not.toHaveProperty('failedClusters');
    expect(await aggregated(span, { clusters: ['ml-us-west-2'] })).toMatchObject({
      aggregatedWorkloads: null,
      clusters: null,
      failedClusters: ['ml-us-west-2'],
    });
    failed = [];
    expect(await aggregated(span, { groupByCluster: true })).toEqual(whole);
  });
});
