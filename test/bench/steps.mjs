// The longest step of a long computation over 100,000 rows with as many names: nothing else runs in the process meanwhile.
// Each query has a report of its own, so that its indexes are built in its steps. `npm run bench:steps`.

import { decodeReport } from '../../dist/report/parse/json-parser.js';
import { fetchFleet } from './fleet.mjs';
import { printMachine } from './measure.mjs';

const GOAL_MS = 50;
const TIMES = 5;
/** How many rows share a namespace; each namespace is requested separately. */
const ROWS_PER_NAMESPACE = 20;

const json = JSON.parse(await fetchFleet(100_000));
json.aggregatedWorkloads.forEach((row, index) => {
  row.workloadName = `workload-${(index * 7_919) % 100_000}`;
  row.namespace = `namespace-${Math.floor(index / ROWS_PER_NAMESPACE)}`;
});
const entities = json.aggregatedWorkloads
  .filter((_, index) => index % ROWS_PER_NAMESPACE === 0)
  .map(({ clusterName, namespace }) => ({ clusterName, namespace }));

const QUERIES = {
  'order by workload name': (report) =>
    report.selectRows({ orderBy: [{ field: 'workloadName', direction: 'ASC' }], first: 20 }),
  'breakdown by workload name, ordered by key': (report) =>
    report.breakDown({ by: [{ field: 'workloadName' }], orderBy: { field: 'key', direction: 'ASC' } }),
  'search in all names': (report) => report.selectRows({ where: { search: 'load-99' }, first: 20 }),
  [`split into ${entities.length} namespaces`]: (report) => report.split(entities),
};

printMachine();
for (const [title, query] of Object.entries(QUERIES)) {
  const runs = Array.from({ length: TIMES }, () => timeSteps(() => query(decodeReport(json).report)));
  const longest = Math.max(...runs.map((run) => run.longestMs));
  const { count, totalMs } = runs[0];
  const verdict = longest < GOAL_MS ? '' : ', missed';
  console.log(
    `${title}: longest step ${longest.toFixed(1)} ms of ${TIMES} runs (goal under ${GOAL_MS}${verdict}); ` +
      `the first run took ${totalMs.toFixed(0)} ms in ${count} steps`,
  );
}

/** Runs steps one by one. A plain value is one step. */
function timeSteps(start) {
  let longestMs = 0;
  let totalMs = 0;
  let count = 0;
  const timed = (work) => {
    const startedAt = performance.now();
    const result = work();
    const ms = performance.now() - startedAt;
    longestMs = Math.max(longestMs, ms);
    totalMs += ms;
    count += 1;
    return result;
  };
  const steps = start();
  if (typeof steps?.next !== 'function') throw new Error('the query does not run in steps');
  while (timed(() => steps.next()).done !== true);
  return { longestMs, totalMs, count };
}
