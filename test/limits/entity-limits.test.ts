// Entities in extreme cases: responses that are too large, a failing ScaleOps, reports of different ages, and reports
// of the same operation that cover an entity.

import { describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { startStack, UNLIMITED, type GraphqlResponse } from '../kit/gateway.js';

const CLUSTER = 'prod-us-east-1';
const namespace = (name: string, alias = name.replaceAll('-', '_')): string =>
  `${alias}: kubernetesNamespace(clusterName: "${CLUSTER}", name: "${name}") { costs { asOf isStale totals { rowCount } } }`;

describe('a response over GATEWAY_MAX_ANSWER_ROWS', () => {
  /** Rows, the rows of their clusters, and so on: each level multiplies the number of rows. */
  const nest = (levels: number): string =>
    levels === 0 ? 'id' : `kubernetesCluster { costs { rows { nodes { ${nest(levels - 1)} } } } }`;
  const query = (levels: number): string => `{ workloadCosts { rows { nodes { ${nest(levels)} } } } }`;

  const expectRefused = ({ status, text, errors }: GraphqlResponse): void => {
    expect([status, Object.keys(JSON.parse(text) as object)]).toEqual([400, ['errors']]);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['QUERY_TOO_COMPLEX']);
  };

  test('is refused as a whole, however short the document is', async () => {
    await using stack = await startStack({
      env: { ...UNLIMITED, GATEWAY_MAX_ANSWER_ROWS: '5000' },
      simulator: { workloads: 400 },
    });
    expect((await stack.send(query(0))).errors).toEqual([]);
    for (const levels of [2, 3, 50]) expectRefused(await stack.send(query(levels)));
    // The report of the rows' cluster is cached since the first query.
    expect(stack.received).toHaveLength(1);
    expect(stack.log.at(-1)).toMatchObject({ status: 400, errorCodes: ['QUERY_TOO_COMPLEX'] });
  });

  test.each([
    [
      'rows',
      '{ a: workloadCosts { rows { nodes { id } edges { cursor } } } b: workloadCosts { rows { nodes { id } } } }',
    ],
    ['reports of entities', `{ ${Array.from({ length: 151 }, (_, at) => namespace('payments', `n${at}`)).join(' ')} }`],
  ])('is measured in %s', async (_what, document) => {
    const send = async (limit: string) => {
      await using stack = await startStack({ env: { ...UNLIMITED, GATEWAY_MAX_ANSWER_ROWS: limit } });
      const response = await stack.send(document);
      // A response over the entity limit is refused before any call.
      expect(stack.received.length).toBeLessThanOrEqual(1);
      return { response, rowCount: (await stack.send('{ workloadCosts { rows { totalCount } } }')).data };
    };
    const { rowCount } = await send('off');
    const most = document.includes('edges') ? 3 * Number(rowCount.workloadCosts.rows.totalCount) : 151;
    expect((await send(String(most))).response.errors).toEqual([]);
    expectRefused((await send(String(most - 1))).response);
  });

  test('has no trace when the trace would be too large', async () => {
    await using stack = await startStack({ simulator: { workloads: 13_000 } });
    const document = (
      first: number,
    ): string => `{ workloadCosts(filter: { multiCluster: true }) { rows(first: ${first}) {
      nodes { id clusterName namespace workloadName workloadType totalCost hourlyCost replicas }
    } } }`;
    const headers = { 'apollo-federation-include-trace': 'ftv1' };
    const extensionsOf = ({ text }: GraphqlResponse) =>
      Object.keys((JSON.parse(text) as { extensions: object }).extensions);
    expect(extensionsOf(await stack.send(document(10), undefined, { headers }))).toEqual(['freshness', 'ftv1']);
    const large = await stack.send(document(13_000), undefined, { headers });
    expect(extensionsOf(large)).toEqual(['freshness']);
    expect(large.data.workloadCosts.rows.nodes).toHaveLength(13_000);
    expect(stack.received).toHaveLength(1);
  });
});

/** A stack whose ScaleOps fails on demand, on a clock that stands still. */
async function startUnsteady() {
  const clock = createManualClock();
  const state = { fails: false };
  const stack = await startStack({
    clock,
    env: { SCALEOPS_MAX_ATTEMPTS: '1', CACHE_TTL_SECONDS: '60', CACHE_STALE_SECONDS: '10' },
    simulator: {
      now: () => clock.now(),
      latency: () => {
        if (state.fails) throw new Error('ScaleOps fails');
      },
    },
  });
  return { ...stack, clock, state };
}

describe('while ScaleOps fails', () => {
  test.each([
    ['a report of the fleet', '{ workloadCosts(filter: { multiCluster: true }) { clusters } }', 1],
    ['reports of the same entities', `{ ${namespace('payments')} } { ${namespace('search')} }`, 2],
  ])('costs of entities come from %s and are marked as stale', async (_what, before, calls) => {
    await using stack = await startUnsteady();
    for (const document of before.split(/(?<=\}) (?=\{)/)) expect((await stack.send(document)).errors).toEqual([]);
    expect(stack.received).toHaveLength(calls);
    const fresh = await stack.send(`{ ${namespace('payments')} ${namespace('search')} }`);
    expect(stack.received).toHaveLength(calls);
    stack.clock.advance(600_000);
    stack.state.fails = true;
    const { data, errors } = await stack.send(`{ ${namespace('payments')} ${namespace('search')} }`);
    expect(errors).toEqual([]);
    for (const name of ['payments', 'search']) {
      expect(data[name].costs).toEqual({ ...fresh.data[name].costs, isStale: true });
    }
    expect(stack.received).toHaveLength(calls + 1);
    expect(stack.log.at(-1)).toMatchObject({ staleErrorCodes: ['UPSTREAM_ERROR'] });
  });

  test('an entity without a cached report is an error, and the others have costs', async () => {
    await using stack = await startUnsteady();
    await stack.send(`{ ${namespace('payments')} }`);
    stack.clock.advance(600_000);
    stack.state.fails = true;
    const { data, errors } = await stack.send(`{ ${namespace('payments')} ${namespace('search')} }`);
    expect(data).toMatchObject({ payments: { costs: { isStale: true } }, search: { costs: null } });
    expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['search', 'costs'], 'UPSTREAM_ERROR'],
    ]);
    expect(stack.received).toHaveLength(2);
  });
});

describe('with reports of different ages', () => {
  test('the newest is served, so that asOf never decreases', async () => {
    await using stack = await startUnsteady();
    const asOf = ({ data }: GraphqlResponse): string => data.payments.costs.asOf as string;
    await stack.send('{ workloadCosts(filter: { multiCluster: true }) { clusters } }');
    stack.clock.advance(10_000);
    const newer = await stack.send(`{ ${namespace('payments')} }`, undefined, {
      headers: { 'cache-control': 'no-cache' },
    });
    stack.clock.advance(1_000);
    expect(asOf(await stack.send(`{ ${namespace('payments')} }`))).toBe(asOf(newer));
    expect(stack.received).toHaveLength(2);
  });
});

describe('beside a report of the same operation', () => {
  const FLEET = 'fleet: workloadCosts(filter: { multiCluster: true }) { asOf totals { rowCount } }';
  test.each([
    ['requested first', `{ ${FLEET} ${namespace('payments')} }`, 1],
    ['requested last', `{ ${namespace('payments')} ${FLEET} }`, 1],
    ['of another period', `{ ${FLEET.replace('true', 'true, last: "30d"')} ${namespace('payments')} }`, 2],
    [
      'of another cluster',
      `{ ${FLEET.replace('true', 'true, clusters: { names: ["nowhere"] }')} ${namespace('payments')} }`,
      2,
    ],
  ])('that is %s, entities make no further call when it covers them', async (_where, document, calls) => {
    await using stack = await startStack({ env: { CACHE_TTL_SECONDS: '0' } });
    const { data, errors } = await stack.send(document);
    expect(errors).toEqual([]);
    expect(data.payments.costs.totals.rowCount).toBeGreaterThan(0);
    expect(stack.received).toHaveLength(calls);
  });
});
