// The cost of permissions: 100,000 rows of 100 clusters, for a caller with all permissions and for callers with partial
// ones, through the whole gateway. `npm run bench:permissions`.

import { createServer } from 'node:http';
import { pino } from 'pino';

import { readConfig } from '../../dist/config/config.js';
import { createGateway } from '../../dist/app/gateway.js';
import { measureAsync, printMachine } from './measure.mjs';

const ROWS = 100_000;
const cluster = (index) => `cluster-${String(index).padStart(2, '0')}`;
const namespace = (index) => `namespace-${String(index).padStart(3, '0')}`;
const rows = Array.from({ length: ROWS }, (_, index) => ({
  id: `id-${index}`,
  clusterName: cluster(index % 100),
  namespace: namespace((index * 7) % 200),
  workloadName: `workload-${index % 5_000}`,
  workloadType: 'Deployment',
  amountOfWorkloads: 1,
  totalCost: ((index * 7919) % 1_000_003) / 1e3,
  hourlyCost: ((index * 7907) % 1_000_003) / 1e6,
  savingsAvailable: ((index * 104_729) % 500_009) / 1e3,
  savingsAvailableWithReplicas: ((index * 104_723) % 500_009) / 1e3,
  onDemandHours: (index % 168) / 2,
  spotHours: (index % 100) / 2,
  onDemandPercent: 50,
  spotPercent: 50,
  ownerCpuRequest: index % 4_000,
  ownerGpuRequest: 0,
  ownerMemoryRequest: (index % 64) * 1_048_576,
  replicas: 1 + (index % 9),
  labels: null,
  annotations: null,
  ownerLabels: { team: `team-${index % 40}`, env: index % 3 === 0 ? 'production' : 'staging' },
  services: null,
}));

const upstream = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { clusterFilters = [], namespaces = [] } = JSON.parse(Buffer.concat(chunks).toString());
    const [clusters, spaces] = [new Set(clusterFilters), new Set(namespaces)];
    const found = rows.filter(
      (row) =>
        (clusters.size === 0 || clusters.has(row.clusterName)) && (spaces.size === 0 || spaces.has(row.namespace)),
    );
    const names = [...new Set(found.map((row) => row.clusterName))];
    const window = { startTime: '2026-01-24T00:00:00', endTime: '2026-01-31T00:00:00' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ aggregatedWorkloads: found, clusters: names, window }));
  });
});
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));

const clustersTo = (count) => [{ clusters: Array.from({ length: count }, (_, index) => cluster(index)) }];
/** One cluster, and namespaces of every cluster: names cannot express that, so everything is fetched. */
const namespacesTo = (count) => [
  { clusters: [cluster(0)] },
  { namespaces: Array.from({ length: count }, (_, index) => namespace(index)) },
];
const callers = {
  everything: 'all',
  'one cluster': clustersTo(1),
  'one cluster, three namespaces elsewhere': [
    { clusters: [cluster(0)] },
    { clusters: [cluster(1), cluster(2)], namespaces: [namespace(7), namespace(14), namespace(21)] },
  ],
  'one cluster, three namespaces everywhere': namespacesTo(3),
  '10 %, all fetched': namespacesTo(20),
  '50 %, all fetched': namespacesTo(100),
  '90 %, all fetched': namespacesTo(180),
  '90 %, fetched alone': clustersTo(90),
};
const keyOf = (name) => `key-of-${Object.keys(callers).indexOf(name)}-long-enough`;
const { config } = readConfig(
  {
    SCALEOPS_URL: `http://127.0.0.1:${upstream.address().port}`,
    SCALEOPS_TOKEN: 'bench',
    SCALEOPS_MULTI_CLUSTER: 'on',
    CACHE_TTL_SECONDS: '86400',
    CACHE_MAX_MB: '4096',
    GATEWAY_AUTH: 'api-key',
    GATEWAY_API_KEYS: Object.keys(callers)
      .map((name, index) => `caller-${index}:${keyOf(name)}`)
      .join(),
    GATEWAY_SCOPES: 'permissions.json',
  },
  () =>
    JSON.stringify({
      callers: Object.fromEntries(Object.values(callers).map((entry, index) => [`caller-${index}`, entry])),
    }),
);
const gateway = createGateway(config, { logger: pino({ level: 'silent' }) });

async function send(name, query) {
  const response = await gateway.fetch(
    new Request('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'x-api-key': keyOf(name) },
      body: JSON.stringify({ query: `{ workloadCosts ${query} }` }),
    }),
  );
  const text = await response.text();
  const { errors } = JSON.parse(text);
  if (errors !== undefined) throw new Error(text.slice(0, 500));
}

const QUERIES = {
  'top 20 by cost': '{ rows(first: 20, orderBy: [{ field: TOTAL_COST }]) { nodes { workloadName totalCost share } } }',
  'totals, 3 sums': '{ totals { totalCost savingsAvailable replicas } }',
  'breakdown by cluster, 2 sums':
    '{ breakdown(by: [{ field: CLUSTER }]) { groups { keys { value } totals { totalCost savingsAvailable } share } } }',
  'breakdown by team, 1 sum':
    '{ breakdown(by: [{ label: "team" }]) { groups { keys { value } totals { totalCost } } } }',
  'search, 20 by name':
    '{ rows(first: 20, where: { search: "namespace-01" }, orderBy: [{ field: WORKLOAD_NAME, direction: ASC }]) { totalCount nodes { workloadName } } }',
};

printMachine();
for (const name of Object.keys(callers)) {
  const start = performance.now();
  await send(name, '{ totals { rowCount } }');
  console.log(`${name.padEnd(44)} first request ${(performance.now() - start).toFixed(0)} ms`);
}
const ratios = [];
for (const [title, query] of Object.entries(QUERIES)) {
  const cases = Object.fromEntries(Object.keys(callers).map((name) => [name, () => send(name, query)]));
  const { everything, ...rest } = await measureAsync(title, cases, 21);
  ratios.push(...Object.entries(rest).map(([name, ms]) => ({ title, name, ratio: ms / everything })));
}
console.log('\nwarm, as a multiple of what it takes for everything');
for (const { title, name, ratio } of ratios.sort((a, b) => b.ratio - a.ratio).slice(0, 15)) {
  console.log(`  ${ratio.toFixed(1).padStart(7)}  ${title}: ${name}`);
}
await gateway.close();
upstream.close();
