// The latency of a small query over a cached report at a low rate, while a report of 100,000 rows is read from upstream
// and all 100,000 rows of another one are written to another client. Compared with the same without other work.

import { constants, setPriority } from 'node:os';

import { SIZES, toBody, toExpected } from './queries.mjs';
import { BOTH_CORES, startHelper, startServer } from './processes.mjs';
import { format } from './table.mjs';

const LARGE_ROWS = 100_000;
const [ROUNDS, QUIET_MS, GOAL_MS] = [7, 2_000, 60];

export async function measureP99({ env }) {
  const upstream = await startHelper('upstream.mjs', { ROWS: '50', LARGE_ROWS: String(LARGE_ROWS) });
  const url = await upstream.message();
  const steady = await startHelper('steady.mjs');
  const server = await startServer('gateway', {
    upstream: url,
    core: BOTH_CORES,
    env: { CACHE_MAX_MB: '512', ...env },
  });
  // The processes that send and read 70 MB share a core with this one, and would delay the measurement.
  for (const pid of [upstream.child.pid, process.pid]) setPriority(pid, constants.priority.PRIORITY_LOW);
  try {
    const report = await (await fetch(url, { method: 'POST', body: '{}' })).json();
    const body = toBody('again', 'small');
    const first = await send(server, body);
    if (first.data === undefined) throw new Error('the gateway returns no response');
    const data = `{"data":${JSON.stringify(toExpected('small', report.aggregatedWorkloads))}`;
    const task = { port: server.port, request: { path: '/graphql', body }, data };
    const watch = async (work) => {
      steady.child.send({ task });
      await steady.message();
      const done = await work();
      steady.child.send({});
      return { latencies: await steady.message(), done };
    };
    const pause = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    await send(server, toLargeBody('n-kept', 1));
    // Once without measurement, so that code is compiled.
    const busy = [];
    const times = [];
    await watch(pause);
    const quiet = await watch(pause);
    const delays = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      await readDelay(server);
      const { latencies, done } = await watch(() =>
        Promise.all([
          timed(() => send(server, toLargeBody(`n-${round}`, 1), LARGE_ROWS)),
          timed(() => send(server, toLargeBody('n-kept', LARGE_ROWS), LARGE_ROWS)),
        ]),
      );
      const delay = await readDelay(server);
      if (round === 0) continue;
      delays.push(delay);
      busy.push(...latencies);
      times.push(done);
    }
    console.log(`\np99 of ${SIZES.small.rows} rows of a kept report, every 5 ms`);
    print('alone', quiet.latencies);
    const median = (which) => format(times.map((each) => each[which]).sort((a, b) => a - b)[times.length >> 1]);
    print(`while ${LARGE_ROWS} rows are read (${median(0)} ms) and written (${median(1)} ms)`, busy, GOAL_MS);
    console.log(`  of that the gateway's own: its event loop was late by ${format(Math.max(...delays))} ms at most`);
  } finally {
    await server.stop();
    for (const { child } of [upstream, steady]) child.disconnect();
  }
}

function toLargeBody(namespace, first) {
  const body = JSON.parse(toBody('cold', 'large'));
  const filter = { multiCluster: true, namespaces: { names: [namespace] } };
  return JSON.stringify({ ...body, variables: { filter, first } });
}

async function send({ port }, body, totalCount) {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  // As text: the time to parse it here would be counted.
  const text = await response.text();
  if (totalCount !== undefined && !text.startsWith(`{"data":{"workloadCosts":{"rows":{"totalCount":${totalCount},`))
    throw new Error(`p99: another response: ${text.slice(0, 300)}`);
  return text.length < 100_000 ? JSON.parse(text) : undefined;
}

/** The longest delay of its event loop since the last call, in milliseconds. */
async function readDelay({ port }) {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return 1_000 * Number(/gateway_event_loop_delay_seconds\{quantile="1"\} (\S+)/.exec(metrics)?.[1]);
}

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function print(what, latencies, goal) {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  const verdict = goal === undefined ? '' : ` (goal: p99 under ${goal}${at(0.99) < goal ? '' : ', missed'})`;
  const figures = `p50 ${format(at(0.5))}, p99 ${format(at(0.99))}, max ${format(at(1))} ms of ${sorted.length}`;
  console.log(`  ${what}: ${figures}${verdict}`);
}
