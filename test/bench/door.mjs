// What the limits and the security plugins cost: the small query, 50 rows that are kept, over real sockets, by two
// gateways side by side, one with all of them and one with none. Each is a process of its own, so that its CPU can be told.
// `npm run bench:door`

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Pool } from 'undici';

import { readConfig } from '../../dist/config/config.js';
import { createGateway } from '../../dist/app/gateway.js';
import { createSimulator } from '../../dist/simulator/simulator.js';
import { at, printMachine } from './measure.mjs';

const ORIGIN = 'https://costs.example.com';
const [WARM_UP_ROUNDS, ROUNDS, REQUESTS, CONNECTIONS] = [40, 400, 40, 4];
const QUERY = `query Small($first: Int!) { workloadCosts(filter: { multiCluster: true }) { asOf rows(first: $first) {
  totalCount nodes { id clusterName namespace workloadName workloadType totalCost hourlyCost savingsAvailable replicas share }
} } }`;

const BODY = JSON.stringify({ query: QUERY, variables: { first: 50 } });
const HEADERS = { 'content-type': 'application/json', accept: 'application/json', origin: ORIGIN };

if (process.argv[2] === 'gateway') await serve(process.argv[3] === 'protected');
else await compare();

async function serve(isProtected) {
  const simulator = createSimulator({ workloads: 50, token: 'bench', now: () => Date.UTC(2026, 0, 31) });
  const env = {
    SCALEOPS_URL: await simulator.listen(),
    SCALEOPS_TOKEN: 'bench',
    PORT: '0',
    CACHE_TTL_SECONDS: '86400',
    GATEWAY_RATE_LIMIT: '10000000',
    GATEWAY_CORS_ORIGINS: `${ORIGIN},http://localhost:3000`,
  };
  const gateway = createGateway(readConfig(env).config, { logger: pino({ level: 'silent' }), isProtected });
  const url = await gateway.listen();
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send(user + system);
  });
  process.once('disconnect', () => process.exit());
  process.send(url);
}

async function start(name) {
  const child = fork(fileURLToPath(import.meta.url), ['gateway', name]);
  const [url] = await once(child, 'message');
  const pool = new Pool(url, { connections: CONNECTIONS });
  const readCpu = async () => {
    child.send('cpu');
    return (await once(child, 'message'))[0];
  };
  return { name, child, pool, readCpu, perSecond: [], cpuUs: [] };
}

async function ask({ pool }) {
  const { statusCode, body } = await pool.request({ method: 'POST', path: '/graphql', headers: HEADERS, body: BODY });
  const text = await body.text();
  if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`HTTP ${statusCode}: ${text.slice(0, 200)}`);
}

async function measureRound(gateway, isCounted) {
  const cpu = await gateway.readCpu();
  const startedAt = performance.now();
  let left = REQUESTS;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await ask(gateway);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  const used = (await gateway.readCpu()) - cpu;
  if (!isCounted) return;
  gateway.perSecond.push(REQUESTS / seconds);
  gateway.cpuUs.push(used / REQUESTS);
}

async function compare() {
  printMachine();
  const gateways = [await start('bare'), await start('protected')];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    // Now the one first, now the other.
    const order = round % 2 === 0 ? gateways : [...gateways].reverse();
    for (const gateway of order) await measureRound(gateway, round >= WARM_UP_ROUNDS);
  }
  console.log(`\nThe small query, ${ROUNDS} rounds of ${REQUESTS} requests over ${CONNECTIONS} connections, medians`);
  for (const { name, perSecond, cpuUs } of gateways) {
    const rate = `${median(perSecond).toFixed(0).padStart(6)} requests/s`;
    console.log(`  ${name.padEnd(12)} ${rate}, ${median(cpuUs).toFixed(0)} µs of CPU each`);
  }
  // Round by round: what else the machine does meets both alike, and is another thing a minute later.
  const [bare, guarded] = gateways;
  const lost = 100 * (1 - median(guarded.perSecond.map((rate, round) => rate / bare.perSecond[round])));
  const added = 100 * (median(guarded.cpuUs.map((cpu, round) => cpu / bare.cpuUs[round])) - 1);
  console.log(
    `  round by round, all limits and security plugins cost ${lost.toFixed(1)} % of the throughput (goal: under 10)`,
  );
  console.log(`  and add ${added.toFixed(1)} % of CPU`);
  for (const { child, pool } of gateways) {
    child.disconnect();
    await pool.close();
  }
}

function median(values) {
  return at(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
