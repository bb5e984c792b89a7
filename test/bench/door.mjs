// What the limits and the security plugins cost: the small query, 50 rows that are kept, over real sockets, by two
// gateways side by side, one with all of them and one with none. Each is a process of its own, so that its CPU can be told.
// `npm run bench:door`

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Pool } from 'undici';

import { readConfig } from '../../dist/config.js';
import { createGateway } from '../../dist/gateway.js';
import { createSimulator } from '../../dist/simulator/simulator.js';
import { at, printMachine } from './measure.mjs';

const ORIGIN = 'https://costs.example.com';
const [WARM_UP_ROUNDS, ROUNDS, REQUESTS, CONNECTIONS] = [8, 60, 200, 8];
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
  const [bare, guarded] = gateways.map(({ name, child, pool, perSecond, cpuUs }) => {
    for (const all of [perSecond, cpuUs]) all.sort((a, b) => a - b);
    const [rate, cpu] = [at(perSecond, 0.5), at(cpuUs, 0.5)];
    const spread = `${at(perSecond, 0.1).toFixed(0)} to ${at(perSecond, 0.9).toFixed(0)}`;
    console.log(
      `  ${name.padEnd(12)} ${rate.toFixed(0).padStart(6)} requests/s (${spread}), ${cpu.toFixed(0)} µs of CPU each`,
    );
    child.disconnect();
    void pool.close();
    return { rate, cpu };
  });
  const lost = 100 * (1 - guarded.rate / bare.rate);
  const added = 100 * (guarded.cpu / bare.cpu - 1);
  console.log(
    `  all limits and security plugins cost ${lost.toFixed(1)} % of the throughput (goal: under 10), and add ${added.toFixed(1)} % of CPU`,
  );
}
