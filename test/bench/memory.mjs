// The heap that a report takes, compared with its `byteSize`, which the bound of the cache counts.
// Run with --expose-gc: `npm run bench:memory`.

import { createFastParser } from '../../dist/report/parse/fast-parser.js';
import { toReport } from '../../dist/report/report-data.js';
import { runToEnd } from '../../dist/report/computation.js';
import { fetchFleet } from './fleet.mjs';
import { printMachine, usedBytes } from './measure.mjs';

const MIB = 1_048_576;
const readReport = createFastParser();

/** The parsed input must be released; only the report itself may stay. */
function decode(text) {
  return toReport(readReport(Buffer.from(text)));
}

/** A separate function, so that no object of one size is still referenced when the next is weighed. */
async function weigh(workloads, copies) {
  const text = await fetchFleet(workloads);
  decode(text);
  const before = await usedBytes();
  const reports = Array.from({ length: copies }, () => decode(text));
  for (const report of reports) {
    for (const field of ORDERS) runToEnd(report.selectRows({ orderBy: [{ field, direction: 'ASC' }], first: 1 }));
  }
  const bytes = ((await usedBytes()) - before) / copies;
  const claimed = reports[0].byteSize;
  console.log(
    `${String(workloads).padStart(7)} rows: ${(bytes / MIB).toFixed(2)} MiB measured, ${(claimed / MIB).toFixed(2)} MiB ` +
      `claimed (${(bytes / claimed).toFixed(2)} of it), ${(bytes / text.length).toFixed(2)} of the JSON`,
  );
}

const ORDERS = ['totalCost', 'workloadName', 'savingsAvailable', 'replicas', 'hourlyCost', 'spotHours', 'clusterName'];

printMachine();
await weigh(50, 400);
await weigh(1_000, 40);
await weigh(10_000, 10);
await weigh(100_000, 2);
