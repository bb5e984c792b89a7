// Queries over a report of 100,000 rows, compared with a straightforward computation over row objects in the same run.
// Both are checked to give the same response first. `npm run bench:algebra`.

import assert from 'node:assert/strict';

import { decodeReport } from '../../dist/report/parse/json-parser.js';
import { runToEnd } from '../../dist/report/computation.js';
import { SUM_FIELDS } from '../../dist/report/columns/columns.js';
import { fetchFleet } from './fleet.mjs';
import { measure, printMachine } from './measure.mjs';

const json = JSON.parse(await fetchFleet(100_000));
const objects = json.aggregatedWorkloads;
const { report } = decodeReport(json);
// Rows of a report, or of the JSON.
const ids = (rows) => [...rows].map((row) => row.scaleOpsId ?? row.id);
// Equal names are in the order of the ids of rows, which row objects of the JSON do not have.
const workloadNames = (rows) => [...rows].map(({ workloadName }) => workloadName);

const sumAll = (rows) => {
  const sums = Object.fromEntries(SUM_FIELDS.map((field) => [field, 0]));
  for (const row of rows) for (const field of SUM_FIELDS) sums[field] += row[field] ?? 0;
  return sums;
};
const readAll = (totals) => Object.fromEntries(SUM_FIELDS.map((field) => [field, totals.sum(field)]));
const where = { clusterNames: ['prod-us-east-1', 'ml-us-west-2'], minTotalCost: 1, search: 'api' };
const fits = (row) =>
  where.clusterNames.includes(row.clusterName) &&
  row.totalCost >= where.minTotalCost &&
  [row.clusterName, row.namespace, row.workloadName].some((name) => name.toLowerCase().includes(where.search));

const QUERIES = {
  'top 20 by cost': [
    () => ids(runToEnd(report.selectRows({ orderBy: [{ field: 'totalCost', direction: 'DESC' }], first: 20 })).rows),
    () => ids([...objects].sort((a, b) => b.totalCost - a.totalCost).slice(0, 20)),
  ],
  'totals, 11 sums, with a where': [() => readAll(runToEnd(report.sumRows(where))), () => sumAll(objects.filter(fits))],
  'breakdown by namespace, 11 sums a group': [
    () => {
      const by = [{ field: 'namespace' }];
      const { groups } = runToEnd(report.breakDown({ by, orderBy: { field: 'totalCost', direction: 'DESC' } }));
      return [...groups].map(({ keys, totals }) => [keys[0], readAll(totals)]);
    },
    () => {
      const groups = Map.groupBy?.(objects, ({ namespace }) => namespace) ?? groupBy(objects, 'namespace');
      return [...groups].map(([key, rows]) => [key, sumAll(rows)]).sort(([, a], [, b]) => b.totalCost - a.totalCost);
    },
  ],
  'shares of as many groups as rows': [
    () => {
      const by = [{ field: 'clusterName' }, { field: 'namespace' }, { field: 'workloadName' }];
      const { groups } = runToEnd(report.breakDown({ by, orderBy: { field: 'totalCost', direction: 'DESC' } }));
      return [...groups].slice(0, 20).map(({ share }) => share());
    },
    () => {
      const whole = objects.reduce((sum, { totalCost }) => sum + totalCost, 0);
      const key = ({ clusterName, namespace, workloadName }) => `${clusterName}/${namespace}/${workloadName}`;
      const groups = new Map();
      for (const row of objects) groups.set(key(row), (groups.get(key(row)) ?? 0) + row.totalCost);
      return [...groups.values()]
        .sort((a, b) => b - a)
        .slice(0, 20)
        .map((cost) => cost / whole);
    },
  ],
  'order by workload name, 20 of them': [
    () => {
      const orderBy = [{ field: 'workloadName', direction: 'ASC' }];
      return workloadNames(runToEnd(report.selectRows({ orderBy, first: 20 })).rows);
    },
    () => workloadNames([...objects].sort((a, b) => compare(a.workloadName, b.workloadName)).slice(0, 20)),
  ],
};

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}

function groupBy(rows, field) {
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(row[field]);
    if (group === undefined) groups.set(row[field], [row]);
    else group.push(row);
  }
  return groups;
}

/** The straightforward way accumulates rounding errors, so numbers may differ by a billionth. */
function assertSame(columns, plain) {
  if (typeof columns === 'number') assert.ok(Math.abs(columns - plain) <= 1e-9 * Math.abs(plain));
  else if (typeof columns === 'string') assert.equal(columns, plain);
  else for (const key of Object.keys(plain)) assertSame(columns[key], plain[key]);
}

printMachine();
for (const [title, [columns, plain]] of Object.entries(QUERIES)) {
  assertSame(columns(), plain());
  measure(title, { 'report, in columns': columns, 'row objects': plain }, 21);
}
