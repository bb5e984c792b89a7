// Query.kubernetesWorkloads: many workloads by their keys, and the ids of entities.

import { describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';

const QUERY = `query ($keys: [KubernetesWorkloadKey!]!) {
  kubernetesWorkloads(keys: $keys) { id clusterName namespace type name cost(last: "30d") { scaleOpsId totalCost } }
}`;
const ROWS = `{ workloadCosts(filter: { last: "30d", multiCluster: true }) {
  rows { nodes { scaleOpsId totalCost clusterName namespace workloadType workloadName kubernetesWorkload { id } } }
} }`;

interface Row {
  readonly scaleOpsId: string;
  readonly totalCost: number;
  readonly kubernetesWorkload: { readonly id: string };
  readonly [name: string]: unknown;
}

const keyOf = ({ clusterName, namespace, workloadType: type, workloadName: name }: Row) => {
  return { clusterName, namespace, type, name };
};

async function readRows(stack: TestStack): Promise<readonly Row[]> {
  return (await stack.send(ROWS)).data.workloadCosts.rows.nodes as readonly Row[];
}

test('kubernetesWorkloads returns the order of the keys, with few calls to ScaleOps', async () => {
  await using stack = await startStack();
  const rows = await readRows(stack);
  const before = stack.received.length;
  const requested = [...rows].reverse();
  const unknown = { clusterName: 'nowhere', namespace: 'n', type: 'Deployment', name: 'w' };
  // A key may occur twice, and a workload need not exist.
  const keys = [...requested.map(keyOf), unknown, keyOf(requested[0]!)];
  const { data, errors } = await stack.send(QUERY, { keys });
  expect(errors).toEqual([]);
  const costs = requested.map(({ scaleOpsId, totalCost }) => ({ scaleOpsId, totalCost }));
  const got = data.kubernetesWorkloads as { id: string; cost: unknown }[];
  expect(got.map(({ cost }) => cost)).toEqual([...costs, null, costs[0]]);
  expect(got.map(({ id, cost: _cost, ...key }) => key)).toEqual(keys);
  expect(got.slice(0, -2).map(({ id }) => id)).toEqual(
    requested.map(({ kubernetesWorkload }) => kubernetesWorkload.id),
  );
  expect(stack.received.length - before).toBeLessThan(5);
});

test('an entity has one id in every place, in any spelling of its key', async () => {
  await using stack = await startStack();
  const rows = await readRows(stack);
  const [{ kubernetesWorkload }] = rows as [Row];
  const key = keyOf(rows[0]!) as Record<string, string>;
  const upper = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, value.toUpperCase()]));
  const { data, errors } = await stack.send(
    `query ($clusterName: String!, $namespace: String!, $type: String!, $name: String!, $of: [_Any!]!) {
      kubernetesWorkload(clusterName: $clusterName, namespace: $namespace, type: $type, name: $name) { id }
      kubernetesNamespace(clusterName: $clusterName, name: $namespace) { id }
      kubernetesCluster(name: $clusterName) { id }
      _entities(representations: $of) { ... on KubernetesWorkload { id } }
    }`,
    { ...upper, of: [{ __typename: 'KubernetesWorkload', ...key }] },
  );
  expect(errors).toEqual([]);
  const ids = [data.kubernetesWorkload, data.kubernetesNamespace, data.kubernetesCluster].map(({ id }) => id as string);
  expect(ids[0]).toBe(kubernetesWorkload.id);
  expect(data._entities).toEqual([{ id: ids[0] }]);
  expect(new Set(ids).size).toBe(3);
});

describe('an entity whose key is in capitals', () => {
  const ENTITIES = `query ($clusterName: String!, $namespace: String!, $type: String!, $name: String!, $of: [_Any!]!, $reads: Boolean!) {
    kubernetesWorkload(clusterName: $clusterName, namespace: $namespace, type: $type, name: $name) { ...W }
    kubernetesWorkloads(keys: [{ clusterName: $clusterName, namespace: $namespace, type: $type, name: $name }]) { ...W }
    kubernetesNamespace(clusterName: $clusterName, name: $namespace) { clusterName name costs(filter: { last: "30d" }) @include(if: $reads) { asOf } }
    kubernetesCluster(name: $clusterName) { name costs(filter: { last: "30d" }) @include(if: $reads) { asOf } }
    _entities(representations: $of) { ...W }
  }
  fragment W on KubernetesWorkload { id clusterName namespace type name cost(last: "30d") @include(if: $reads) { workloadType } }`;

  async function send(
    stack: TestStack,
    change: (key: Record<string, string>) => Record<string, string>,
    reads: boolean,
  ) {
    const [row] = (await readRows(stack)) as [Row];
    const key = keyOf(row) as Record<string, string>;
    const given = change(Object.fromEntries(Object.entries(key).map(([field, name]) => [field, name.toUpperCase()])));
    const of = [{ __typename: 'KubernetesWorkload', ...given }];
    const { data, errors } = await stack.send(ENTITIES, { ...given, of, reads });
    expect(errors).toEqual([]);
    const workloads = [data.kubernetesWorkload, data.kubernetesWorkloads[0], data._entities[0]] as object[];
    return { key, given, row, data, workloads };
  }

  test('has names and type in the spelling of ScaleOps when its costs are selected', async () => {
    await using stack = await startStack();
    const { key, row, data, workloads } = await send(stack, (given) => given, true);
    const cost = { workloadType: key.type };
    for (const each of workloads) expect(each).toEqual({ id: row.kubernetesWorkload.id, ...key, cost });
    const { clusterName, namespace } = key;
    expect(data.kubernetesNamespace).toMatchObject({ clusterName, name: namespace });
    expect(data.kubernetesCluster).toMatchObject({ name: clusterName });
  });

  test('has the names of its key when no costs are selected, without a call to ScaleOps', async () => {
    await using stack = await startStack();
    const { given, row, data, workloads } = await send(stack, (each) => each, false);
    for (const each of workloads) expect(each).toEqual({ id: row.kubernetesWorkload.id, ...given });
    expect(data.kubernetesNamespace).toEqual({ clusterName: given.clusterName, name: given.namespace });
    expect(stack.received).toHaveLength(1);
  });

  test('has the names of its key when ScaleOps does not list it', async () => {
    await using stack = await startStack();
    const { given, workloads } = await send(stack, (each) => ({ ...each, name: 'NOBODY' }), true);
    for (const each of workloads) expect(each).toMatchObject({ ...given, cost: null });
  });
});

test.each([
  ['an empty name', { name: '' }, 'keys[1].name'],
  ['a name of 254 characters', { namespace: 'a'.repeat(254) }, 'keys[1].namespace'],
  ['a control character', { clusterName: 'a\u0000' }, 'keys[1].clusterName'],
])('kubernetesWorkloads refuses %s, and names its key', async (_what, bad, path) => {
  await using stack = await startStack();
  const key = { clusterName: 'c', namespace: 'n', type: 'Deployment', name: 'w' };
  const { errors } = await stack.send(QUERY, { keys: [key, { ...key, ...bad }] });
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  expect(errors[0]!.message).toContain(path);
  expect(stack.received).toEqual([]);
});

test('kubernetesWorkloads accepts 1,000 keys, and refuses 1,001', async () => {
  await using stack = await startStack();
  const send = (count: number) => {
    const keys = Array.from({ length: count }, (_, at) => ({
      ...{ clusterName: 'c', namespace: 'n', type: 'Deployment', name: `w${at}` },
    }));
    return stack.send('query ($keys: [KubernetesWorkloadKey!]!) { kubernetesWorkloads(keys: $keys) { name } }', {
      keys,
    });
  };
  expect((await send(1_000)).data.kubernetesWorkloads).toHaveLength(1_000);
  const { errors } = await send(1_001);
  expect(errors[0]!.message).toMatch(/^keys must have at most 1000 entries/);
});
