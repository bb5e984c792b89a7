// The time from the start of the process to the first right response, and its memory 2 seconds later.

import { existsSync, readFileSync } from 'node:fs';

import { toBody } from './queries.mjs';
import { BOTH_CORES, startHelper, startServer } from './processes.mjs';
import { format } from './table.mjs';

const TIMES = 7;
const [GOAL_MS, GOAL_MIB] = [1_200, 120];
const IDLE_MS = 2_000;

export async function measureStart({ env }) {
  const upstream = await startHelper('upstream.mjs', { ROWS: '50' });
  const url = await upstream.message();
  const startMs = [];
  const rssMib = [];
  for (let time = 0; time < TIMES; time += 1) {
    const startedAt = performance.now();
    const server = await startServer('gateway', { upstream: url, env, core: BOTH_CORES });
    try {
      const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: toBody('again', 'small'),
      });
      const { data } = await response.json();
      if (data.workloadCosts.rows.nodes.length !== 50) throw new Error('the first response is wrong');
      startMs.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      rssMib.push(readRssMib(server.pid));
    } finally {
      await server.stop();
    }
  }
  upstream.child.disconnect();
  console.log(`\nstart, ${TIMES} times`);
  print('to the first response', 'ms', startMs, GOAL_MS);
  print(`RSS ${IDLE_MS / 1000} s later`, 'MiB', rssMib, GOAL_MIB);
}

function print(what, unit, values, goal) {
  const sorted = values.sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  const spread = `${format(sorted[0])} to ${format(sorted.at(-1))}`;
  const verdict = `goal under ${format(goal)}${median < goal ? '' : ', missed'}`;
  console.log(`  ${what}: ${format(median)} ${unit} (${spread}; ${verdict})`);
}

/** Undefined without /proc. */
function readRssMib(pid) {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return Number.NaN;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8'))[1]) / 1024;
}
