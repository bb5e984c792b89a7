// 1,000 representations of workloads in one operation: through the gateway, uncached and cached, compared with a simple
// subgraph whose reference resolver calls ScaleOps. All must give the same response, and calls to ScaleOps are counted.
// No socket in front, a real one behind. `npm run bench:entities`.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { pino } from 'pino';

import { readConfig } from '../../dist/config/config.js';
import { createGateway } from '../../dist/app/gateway.js';
import { createSimulator } from '../../dist/simulator/simulator.js';
import { measureAsync, printMachine } from './measure.mjs';

const WORKLOADS = 1_000;
const TOKEN = 'bench';
const WORKLOADS_PATH = '/detailedCostReport/getWorkloads';

if (process.argv[2] === 'upstream') await serve();
else await bench();

/** ScaleOps in its own process, so that it uses the other core. It reports the number of its requests. */
async function serve() {
  let calls = 0;
  const simulator = createSimulator({
    workloads: WORKLOADS,
    token: TOKEN,
    now: () => Date.UTC(2026, 0, 31),
    onRequest: () => (calls += 1),
  });
  process.send(await simulator.listen());
  process.on('message', () => process.send(calls));
}

async function bench() {
  const upstream = fork(fileURLToPath(import.meta.url), ['upstream']);
  const [url] = await once(upstream, 'message');
  const countCalls = async () => {
    upstream.send('count');
    const [calls] = await once(upstream, 'message');
    return calls;
  };
  const rows = (await callScaleOps(url, {})).aggregatedWorkloads;
  const body = JSON.stringify({
    query: `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on KubernetesWorkload { cost(last: "7d") { totalCost savingsAvailable } } }
    }`,
    variables: { representations: rows.map(toReference) },
  });

  const cold = openGateway(url, { CACHE_TTL_SECONDS: '0' });
  const warm = openGateway(url, { CACHE_TTL_SECONDS: '86400' });
  const naive = createNaive(url);
  const expected = rows.map(({ totalCost, savingsAvailable }) => ({ cost: { totalCost, savingsAvailable } }));
  const cases = {};
  printMachine();
  console.log(`${WORKLOADS} representations, ${new Set(rows.map(toPlace)).size} namespaces, body ${body.length} bytes`);
  for (const [name, gateway] of Object.entries({
    'a call a reference': naive,
    'gateway, nothing kept': cold,
    'gateway, warm': warm,
  })) {
    const before = await countCalls();
    for (const { data } of [await send(gateway, body), await send(gateway, body)])
      assert.ok(isDeepStrictEqual(data._entities, expected), `${name} returns another response`);
    console.log(`  ${name}: ${((await countCalls()) - before) / 2} calls to ScaleOps an operation`);
    cases[name] = () => send(gateway, body);
  }
  // One after the other: garbage of a thousand calls would be collected in the time of the others.
  const { 'a call a reference': first, ...others } = cases;
  await measureAsync('Warming up', others, 100);
  await measureAsync('1,000 _entities', others, 101);
  await measureAsync('1,000 _entities, as written first', { 'a call a reference': first }, 7);
  await Promise.all([cold.close(), warm.close()]);
  upstream.kill();
}

function openGateway(url, env) {
  const { config } = readConfig({ SCALEOPS_URL: url, SCALEOPS_TOKEN: TOKEN, ...env });
  return createGateway(config, { logger: pino({ level: 'silent' }) });
}

async function send(gateway, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await gateway.fetch(new Request('http://gateway/graphql', { method: 'POST', headers, body }));
  return JSON.parse(await response.text());
}

function toReference({ clusterName, namespace, workloadType, workloadName }) {
  return { __typename: 'KubernetesWorkload', clusterName, namespace, type: workloadType, name: workloadName };
}

function toPlace({ clusterName, namespace }) {
  return `${clusterName}/${namespace}`;
}

async function callScaleOps(url, body) {
  const response = await fetch(`${url}${WORKLOADS_PATH}?multiCluster=true&range=7d`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

function createNaive(url) {
  const typeDefs = parse(`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
    type Query { hello: String }
    type KubernetesWorkload @key(fields: "clusterName namespace type name") {
      clusterName: String! namespace: String! type: String! name: String! cost(last: String): Cost
    }
    type Cost { totalCost: Float savingsAvailable: Float }
  `);
  const cost = async ({ clusterName, namespace, type, name }) => {
    const filter = { clusterFilters: [clusterName], namespaces: [namespace], workloadTypes: [type] };
    const { aggregatedWorkloads } = await callScaleOps(url, filter);
    return aggregatedWorkloads.find((row) => row.workloadName === name);
  };
  return createYoga({
    schema: buildSubgraphSchema({ typeDefs, resolvers: { KubernetesWorkload: { cost } } }),
    logging: false,
    maskedErrors: false,
  });
}
