// The gateway compared with others: `npm run bench`, or `npm run bench -- again small --only gateway,bare --seconds 3`.
// Modes (again, extensions, document-id, get, new, cold, p99, start) and sizes (small, medium, large) select cells.
// `--node 26` runs everything on that Node, from npm; `--log-sample 0` turns off the log line per operation.

import { parseArgs } from 'node:util';

import { measureCell } from './race/cell.mjs';
import { installPeers, runOnNode } from './race/install.mjs';
import { measureP99 } from './race/p99.mjs';
import { MODES, REPEATED_MODES, SIZES } from './race/queries.mjs';
import { SERVERS } from './race/processes.mjs';
import { measureStart } from './race/start.mjs';
import { printCell, printHead, printTables } from './race/table.mjs';

/** In this order: p99 leaves this process with a low priority. */
const OTHERS = { start: measureStart, p99: measureP99 };

const args = process.argv.slice(2);
const { values, positionals } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    only: { type: 'string', default: SERVERS.join(',') },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '10' },
    'log-sample': { type: 'string', default: '100' },
    node: { type: 'string' },
  },
});
const only = values.only.split(',');
const known = [...MODES, ...Object.keys(OTHERS), ...Object.keys(SIZES)];
const unknown = [
  ...positionals.filter((name) => !known.includes(name)),
  ...only.filter((name) => !SERVERS.includes(name)),
];
const options = {
  seconds: Number(values.seconds),
  rounds: Number(values.rounds),
  env: { LOG_SAMPLE_PERCENT: values['log-sample'] },
};

// Ends every server that the benchmark started.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are ${[...known, ...SERVERS].join(', ')}.`);
  process.exitCode = 1;
} else if (values.node !== undefined && !process.version.startsWith(`v${values.node}.`)) {
  process.exitCode = runOnNode(values.node, [import.meta.filename, ...args]);
} else await bench();

/** The bare server supports only repeated queries. The other request forms are measured only for the gateway. */
function supports(name, mode) {
  if (name === 'gateway') return true;
  return name === 'bare' ? REPEATED_MODES.includes(mode) : ['again', 'new', 'cold'].includes(mode);
}

async function bench() {
  installPeers();
  const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  printHead({ ...options, logSample: values['log-sample'], command });
  const isAll = !positionals.some((name) => MODES.includes(name) || Object.hasOwn(OTHERS, name));
  const isChosen = (name) => isAll || positionals.includes(name);
  const sizes = Object.keys(SIZES).filter((name) => positionals.includes(name));
  const cells = [];
  for (const mode of MODES.filter(isChosen)) {
    const servers = SERVERS.filter((name) => only.includes(name) && supports(name, mode));
    for (const size of sizes.length > 0 ? sizes : Object.keys(SIZES)) {
      const results = await measureCell(mode, size, { ...options, servers });
      cells.push({ mode, size, results });
      printCell(mode, size, results);
    }
  }
  if (cells.length > 0) printTables(cells);
  for (const [name, measure] of Object.entries(OTHERS)) if (isChosen(name)) await measure(options);
}
