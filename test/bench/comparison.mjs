// A comparison of two reports and a time series of 30, of 10,000 rows each, beside the straightforward way over row
// objects, in one run; both ways are checked to give the same response first. `npm run bench:comparison`.

import assert from 'node:assert/strict';

import { compareReports } from '../../dist/report/compare/compare-reports.js';
import { createSeries } from '../../dist/report/compare/time-series.js';
import { decodeReport } from '../../dist/report/parse/json-parser.js';
import { resolveCalendarRange } from '../../dist/report/time/calendar-range.js';
import { runToEnd } from '../../dist/report/computation.js';
import { fetchFleet } from './fleet.mjs';
import { at, measure, printMachine } from './measure.mjs';

const ROWS = 10_000;
const INTERVALS = 30;
const FIRST = 10;
const FRESH = 5;

const fleet = JSON.parse(await fetchFleet(ROWS)).aggregatedWorkloads;
/** Costs go up and down from interval to interval, and rows come and go. */
const intervals = Array.from({ length: INTERVALS }, (_, day) =>
  fleet
    .filter((_row, index) => (index + day) % 50 !== 0)
    .map((row, index) => ({
      ...row,
      totalCost: Math.round(row.totalCost * (1e6 + ((index * 7 + day * 13) % 1_000))) / 1e6,
    })),
);
const decode = () => intervals.map((rows) => decodeReport({ aggregatedWorkloads: rows }).report);
let reports = decode();
const hours = reports.map(() => 24);

const by = [{ field: 'clusterName' }, { field: 'namespace' }];
const compareColumns =
  (fields, dimensions = by) =>
  () => {
    const { groups } = runToEnd(compareReports(reports[1], reports[0], { by: dimensions, fields, first: 20 }));
    return [...groups].map(({ keys, totals }) => [keys.join('/'), totals.sum('totalCost').difference]);
  };
const comparePlain = (keyOf) => () => {
  const groups = new Map();
  for (const [sign, rows] of [
    [1, intervals[1]],
    [-1, intervals[0]],
  ])
    for (const row of rows) groups.set(keyOf(row), (groups.get(keyOf(row)) ?? 0) + sign * row.totalCost);
  return [...groups].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, 20);
};

const seriesQuery = {
  by: [{ field: 'namespace' }],
  orderBy: { field: 'totalCost', direction: 'DESC' },
  first: FIRST,
  fields: ['totalCost'],
};
const readSeries = ({ series, others }) => [
  ...[...series].map(({ keys, values }) => [keys[0], values('totalCost')]),
  ['others', others.values('totalCost')],
];
const seriesPlain = () => {
  const series = new Map();
  intervals.forEach((rows, day) => {
    for (const { namespace, totalCost } of rows) {
      let points = series.get(namespace);
      if (points === undefined) series.set(namespace, (points = new Array(INTERVALS).fill(0)));
      points[day] += totalCost;
    }
  });
  const sum = (points) => points.reduce((total, point) => total + point, 0);
  const sorted = [...series].sort(([, a], [, b]) => sum(b) - sum(a));
  const others = new Array(INTERVALS).fill(0);
  for (const [, points] of sorted.slice(FIRST)) points.forEach((point, day) => (others[day] += point));
  return [...sorted.slice(0, FIRST), ['others', others]];
};

/** The straightforward way drifts, so numbers may differ by a billionth of the largest. */
function assertSame(columns, plain) {
  if (typeof columns === 'number') assert.ok(Math.abs(columns - plain) <= 1e-6 * Math.max(1, Math.abs(plain)));
  else if (typeof columns === 'string') assert.equal(columns, plain);
  else for (const key of Object.keys(plain)) assertSame(columns[key], plain[key]);
}

/** Reports that nothing was computed from yet, decoded outside the measured time. */
const fresh = Array.from({ length: FRESH }, decode);
const nextFresh = () => fresh.pop() ?? reports;

printMachine();
const QUERIES = {
  'comparison by cluster and namespace, top 20': [
    compareColumns([]),
    comparePlain((row) => `${row.clusterName}/${row.namespace}`),
  ],
  'the same with five sums': [
    compareColumns(['onDemandHours', 'spotHours', 'savingsAvailable', 'amountOfWorkloads']),
    comparePlain((row) => `${row.clusterName}/${row.namespace}`),
  ],
  'comparison with about as many groups as rows': [
    compareColumns([], [{ field: 'clusterName' }, { field: 'namespace' }, { field: 'workloadName' }]),
    comparePlain((row) => `${row.clusterName}/${row.namespace}/${row.workloadName}`),
  ],
  [`series of ${INTERVALS} intervals by namespace, top ${FIRST} with others`]: [
    () => readSeries(runToEnd(createSeries({ reports, hours }, seriesQuery))),
    seriesPlain,
  ],
};
for (const [title, [columns, plain]] of Object.entries(QUERIES)) {
  assertSame(columns(), plain());
  measure(`${title}, repeated`, { 'reports, in columns': columns, 'row objects': plain }, 21);
}
measure(
  `series of ${INTERVALS} intervals, first time for these reports`,
  {
    'reports, in columns': () => readSeries(runToEnd(createSeries({ reports: nextFresh(), hours }, seriesQuery))),
    'row objects': seriesPlain,
  },
  FRESH,
);

reports = decode();
const steps = [];
const work = createSeries({ reports, hours }, seriesQuery);
for (let isDone = false; !isDone;) {
  const start = performance.now();
  isDone = work.next().done;
  steps.push(performance.now() - start);
}
steps.sort((a, b) => a - b);
console.log(`\nlongest of ${steps.length} steps of such a series: ${at(steps, 1 - 1e-9).toFixed(2)} ms`);

const range = { unit: 'MONTH', count: 1, includeCurrent: true, timeZone: 'America/New_York' };
const now = Date.UTC(2026, 2, 30, 10, 20);
measure(
  'one calendar range',
  {
    'this month so far, in New York': () => {
      for (let index = 0; index < 100; index += 1) resolveCalendarRange(range, now + index * 3_600_000);
    },
  },
  21,
);
console.log('  (100 of them)');
