// The cost of a cold report: from the bytes of a response to a report, compared with JSON.parse alone and with JSON.parse
// and decoding; and how long the event loop is blocked while a gateway reads one from a real upstream.
// `npm run bench:reading`.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';

import { readConfig } from '../../dist/config/config.js';
import { createGateway } from '../../dist/app/gateway.js';
import { decodeReport } from '../../dist/report/parse/json-parser.js';
import { createResponseParser, toReportOrThrow } from '../../dist/upstream/parse/parse-response.js';
import { fetchFleet } from './fleet.mjs';
import { measure, printMachine } from './measure.mjs';

const SIZES = [50, 1_000, 10_000, 100_000];
const QUERY = `query Rows($last: CostDuration!) {
  workloadCosts(filter: { last: $last }) { rows(orderBy: [{ field: TOTAL_COST }, { field: HOURLY_COST }], first: 1) { totalCount } }
}`;

const parseResponse = createResponseParser();
const CONTEXT = { request: { report: 'workloads' }, receivedAt: 0, pathSetting: '' };
printMachine();
const texts = new Map();
for (const size of SIZES) texts.set(size, await fetchFleet(size));

for (const [size, text] of texts) {
  const body = Buffer.from(text);
  const cases = {
    'JSON.parse alone': () => JSON.parse(body.toString()),
    'JSON.parse and decoding': () => decodeReport(JSON.parse(body.toString())),
    'as the gateway reads it': () => toReportOrThrow(parseResponse(body), CONTEXT),
  };
  measure(`${size} rows, ${(body.length / 1e6).toFixed(2)} MB`, cases, size > 10_000 ? 7 : size > 1_000 ? 31 : 301);
}

for (const [size, text] of texts) {
  for (const zips of [false, true]) await watchLoop(size, text, zips);
}

/** The longest time without a turn for others, while one report or several different ones are requested. */
async function watchLoop(size, text, zips) {
  const upstream = new Worker(new URL('./upstream-thread.mjs', import.meta.url), { workerData: text });
  const [port] = await once(upstream, 'message');
  upstream.postMessage({ zips });
  const { config } = readConfig({
    SCALEOPS_URL: `http://127.0.0.1:${port}`,
    SCALEOPS_TOKEN: 'bench',
    SCALEOPS_MULTI_CLUSTER: 'on',
  });
  const gateway = createGateway(config, { logger: pino({ enabled: false }) });
  const longest = [];
  const times = [];
  for (let round = 0; round < 9; round += 1) {
    const ticker = startTicker();
    const start = performance.now();
    const response = await gateway.fetch(requestFor(round + 1));
    const { data } = await response.json();
    times.push(performance.now() - start);
    longest.push(ticker.stop());
    if (data.workloadCosts.rows.totalCount !== size) throw new Error('a wrong response');
  }
  await gateway.close();
  await upstream.terminate();
  const [first, ...rest] = longest;
  const worst = (of) => Math.max(...rest.map((each) => each[of])).toFixed(1);
  times.sort((a, b) => a - b);
  console.log(
    `${String(size).padStart(7)} rows${zips ? ', gzip' : ''}: the loop stands still for at most ${worst('own')} ms of work, ` +
      `${worst('all')} ms with what waits for a core (first ${first.own.toFixed(1)}), the response takes ${times[4].toFixed(1)} ms`,
  );
}

function requestFor(days) {
  return new Request('http://gateway/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: QUERY, variables: { last: `${days}d` } }),
  });
}

function startTicker() {
  let last = performance.now();
  let lastWork = ownWork();
  const longest = { all: 0, own: 0 };
  const tick = () => {
    const now = performance.now();
    const work = ownWork();
    longest.all = Math.max(longest.all, now - last);
    longest.own = Math.max(longest.own, Math.min(work - lastWork, now - last));
    last = now;
    lastWork = work;
  };
  const timer = setInterval(tick, 1);
  return {
    stop() {
      clearInterval(timer);
      tick();
      return longest;
    },
  };
}

/** The CPU time of this thread in ms, without waits for a core, where Linux reports it. */
function ownWork() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}
