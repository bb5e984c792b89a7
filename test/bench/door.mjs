// What the door costs: the small query (50 rows, 6 fields each) over real sockets, through a gateway with every limit and
// security plugin on, and through one without any. Both in one process, the clients in another, turn and turn about.
// `npm run bench:door`. Goal: under 10 % of the throughput.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';

import { readConfig } from '../../dist/config.js';
import { createGateway } from '../../dist/gateway.js';
import { createSimulator } from '../../dist/simulator/simulator.js';
import { at, printMachine } from './measure.mjs';

const REQUESTS = 400;
const AT_ONCE = 8;
const ROUNDS = 41;
const BODY = JSON.stringify({
  query: `query Small($first: Int!) {
    workloadCosts(filter: { multiCluster: true, last: "7d" }) {
      rows(first: $first) { nodes { clusterName namespace workloadName totalCost hourlyCost savingsAvailable } }
    }
  }`,
  variables: { first: 50 },
});

if (process.argv[2] === 'clients') process.on('message', (url) => void send(url).then((ms) => process.send(ms)));
else await bench();

/** Sends the requests, so many at the same time; answers with how long they took. */
async function send(url) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const start = performance.now();
  await Promise.all(Array.from({ length: REQUESTS }, () => sendOne(url, agent)));
  const ms = performance.now() - start;
  agent.destroy();
  return ms;
}

async function sendOne(url, agent) {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) };
  const sent = request(url, { method: 'POST', agent, headers });
  sent.end(BODY);
  const [answer] = await once(sent, 'response');
  let bytes = 0;
  for await (const piece of answer) bytes += piece.length;
  assert.ok(answer.statusCode === 200 && bytes > 5_000);
}

async function bench() {
  const simulator = createSimulator({ workloads: 50, token: 'bench' });
  const scaleOps = { SCALEOPS_URL: await simulator.listen(), SCALEOPS_TOKEN: 'bench', PORT: '0' };
  const open = (isProtected) => {
    const all = { GATEWAY_CORS_ORIGINS: 'https://dashboards.example.com', GATEWAY_RATE_LIMIT: '10000000' };
    const { config } = readConfig({ ...scaleOps, CACHE_TTL_SECONDS: '86400', ...(isProtected && all) });
    return createGateway(config, { logger: pino({ level: 'silent' }), isProtected });
  };
  const gateways = { 'all limits and plugins': open(true), 'none of them': open(false) };
  const clients = fork(fileURLToPath(import.meta.url), ['clients']);
  const measure = async (url) => {
    clients.send(`${url}/graphql`);
    const [ms] = await once(clients, 'message');
    return ms;
  };

  printMachine();
  const cases = await Promise.all(
    Object.entries(gateways).map(async ([name, gateway]) => ({ name, url: await gateway.listen(), times: [] })),
  );
  for (let round = -5; round < ROUNDS; round += 1) {
    // Who comes first changes: what is left to be collected is collected in the other's time.
    for (const each of round % 2 === 0 ? cases : [...cases].reverse()) {
      const ms = await measure(each.url);
      if (round >= 0) each.times.push(ms);
    }
  }
  const [on, off] = cases.map(({ name, times }) => {
    const rates = times.map((ms) => (1000 * REQUESTS) / ms).sort((a, b) => a - b);
    const median = at(rates, 0.5);
    console.log(
      `  ${name.padEnd(24)} ${median.toFixed(0).padStart(6)} requests/s   (${at(rates, 0.1).toFixed(0)} to ${at(rates, 0.9).toFixed(0)})`,
    );
    return median;
  });
  console.log(`  they cost ${(100 * (1 - on / off)).toFixed(1)} % of the throughput`);
  clients.kill();
  await Promise.all(Object.values(gateways).map((gateway) => gateway.close()));
  await simulator.close();
}
