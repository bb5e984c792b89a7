// GATEWAY_MAX_BODY_KIB: the longest body of a request, over a real socket and without one. The default allows what
// routers send.

import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';

import { json, startFaultServer } from '../kit/upstream/fault-server.js';
import { sendQuery, startGateway, startStack } from '../kit/gateway.js';

const WORKLOADS = 5_000;
const ENTITIES = `query ($of: [_Any!]!) {
  _entities(representations: $of) { ... on KubernetesWorkload { name cost(last: "7d") { totalCost } } }
}`;
/** As long as the names of clusters in EKS are. */
const CLUSTERS = [1, 2, 3].map(
  (at) => `arn:aws:eks:eu-central-1:12345678901${at}:cluster/platform-production-workloads-eu-central-${at}`,
);
const workloads = Array.from({ length: WORKLOADS }, (_, at) => ({
  clusterName: CLUSTERS[at % CLUSTERS.length]!,
  namespace: `team-${at % 40}-production`,
  type: 'Deployment',
  name: `checkout-service-${at}`,
}));

test('5,000 references to workloads with ARNs pass with the default limits, over a socket', async () => {
  const upstream = await startFaultServer();
  const rows = workloads.map(({ type, name, ...rest }, at) => ({
    ...{ id: `w${at}`, ...rest, workloadType: type, workloadName: name, totalCost: at },
  }));
  upstream.respond('/getWorkloads', json({ clusters: CLUSTERS, aggregatedWorkloads: rows }));
  const gateway = startGateway(upstream.url);
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  const url = `${await gateway.gateway.listen()}/graphql`;
  const of = workloads.map((key) => ({ __typename: 'KubernetesWorkload', ...key }));
  expect(JSON.stringify(of).length).toBeGreaterThan(900_000);
  const { status, data, errors } = await sendQuery(fetch, ENTITIES, { of }, {}, url);
  expect([status, errors]).toEqual([200, []]);
  expect(data._entities).toEqual(workloads.map(({ name }, at) => ({ name, cost: { totalCost: at } })));
});

test('a longer body is refused with the limit and its setting, however it is sent', async () => {
  await using stack = await startStack({ env: { GATEWAY_MAX_BODY_KIB: '3' } });
  const url = `${await stack.gateway.listen()}/graphql`;
  const bodyOf = (bytes: number): string => {
    const text = JSON.stringify({ query: '{ __typename }' });
    return text + ' '.repeat(bytes - text.length);
  };
  const streamed = (body: string): RequestInit => ({ body: new Blob([body]).stream(), duplex: 'half' }) as RequestInit;
  const zipped = (body: string): RequestInit => ({
    body: new Uint8Array(gzipSync(body)),
    headers: { 'content-encoding': 'gzip' },
  });
  for (const toInit of [(body: string): RequestInit => ({ body }), streamed, zipped]) {
    for (const send of [fetch, (request: Request) => stack.gateway.fetch(request)]) {
      expect((await sendQuery(send, '', undefined, toInit(bodyOf(3_072)), url)).data).toEqual({ __typename: 'Query' });
      const { status, errors } = await sendQuery(send, '', undefined, toInit(bodyOf(3_073)), url);
      expect([status, errors.map(({ message, extensions }) => [message, extensions.code])]).toEqual([
        413,
        [
          [
            'The request body is larger than 3 KiB, decompressed (GATEWAY_MAX_BODY_KIB). Send shorter lists, or several requests.',
            'REQUEST_ENTITY_TOO_LARGE',
          ],
        ],
      ]);
    }
  }
});
