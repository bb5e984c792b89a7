// Fields of a row in both ways of writing rows: directly from the report, and field by field when one of them needs a
// resolver. Also names in `where`.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ env: { SCALEOPS_MULTI_CLUSTER: 'on' } });
});
afterAll(() => stack[Symbol.asyncDispose]());

const FIELDS = `id also: id scaleOpsId asOf isStale window { startTime endTime hours state } when: window { from: startTime __typename }
  team: label(key: "team") none: label(key: "nobody/has.this") owner: annotation(key: "owner")
  kubernetesCluster { id name } kubernetesNamespace { id clusterName name } kubernetesWorkload { id type: type }`;

interface Row {
  readonly id: string;
  readonly team: string | null;
  readonly kubernetesNamespace: { costs?: unknown } | null;
}
interface Report {
  readonly id: string;
  readonly asOf: string;
  readonly window: object;
  readonly rows: Readonly<Record<string, readonly (Row | { readonly node: Row })[]>>;
}
const toRows = (list: readonly (Row | { readonly node: Row })[]) =>
  list.map((each) => ('node' in each ? each.node : each));

describe.each([
  ['workloadCosts', 'workloadCosts(filter: { last: "30d" })'],
  ['aggregatedCosts', 'aggregatedCosts(filter: { groupBy: { namespace: true, labels: ["team"] } })'],
])('rows of %s', (_name, field) => {
  test.each(['nodes', 'edges'])('are the same when written field by field, for %s', async (list) => {
    const open = list === 'nodes' ? 'nodes {' : 'edges { cursor node {';
    const close = list === 'nodes' ? '}' : '} }';
    const read = async (resolved: string) => {
      const rows = `rows(first: 40) { ${open} ${FIELDS} ${resolved} ${close} }`;
      const { data, errors } = await stack.send(
        `{ report: ${field} { id asOf isStale window { startTime endTime hours state } ${rows} } }`,
      );
      expect(errors).toEqual([]);
      return data.report as Report;
    };
    const written = await read('');
    const resolved = await read('kubernetesNamespace { costs(filter: { last: "30d" }) { id } }');
    const rows = toRows(written.rows[list]!);
    for (const row of toRows(resolved.rows[list]!)) delete row.kubernetesNamespace?.costs;
    expect(resolved).toEqual(written);
    for (const row of rows) {
      expect(row).toMatchObject({
        asOf: written.asOf,
        isStale: false,
        window: written.window,
        none: null,
        also: row.id,
      });
      expect(row.id.startsWith(written.id)).toBe(true);
    }
    expect(rows.some(({ team }) => team !== null)).toBe(true);
  });
});

test('an invalid label key is refused in row objects and in written rows', async () => {
  for (const resolved of ['', 'kubernetesNamespace { costs { id } }']) {
    const { errors } = await stack.send(
      `{ workloadCosts { rows(first: 1) { nodes { label(key: "a b") ${resolved} } } } }`,
    );
    expect(errors.map(({ extensions, message }) => [extensions.code, message.slice(0, 5)])).toEqual([
      ['BAD_USER_INPUT', 'key m'],
    ]);
  }
});

describe('where', () => {
  const ROWS = 'rows { nodes { scaleOpsId clusterName namespace workloadType workloadName totalCost } }';
  const find = async (where: object) => {
    const { data, errors } = await stack.send(
      `query ($where: CostRowsWhere) { workloadCosts { all: ${ROWS} some: ${ROWS.replace('rows', 'rows(where: $where)')} } }`,
      { where },
    );
    expect(errors).toEqual([]);
    return { all: data.workloadCosts.all.nodes as any[], some: data.workloadCosts.some.nodes as any[] };
  };

  test.each([
    ['clusterNames', 'clusterName'],
    ['namespaces', 'namespace'],
    ['workloadTypes', 'workloadType'],
    ['workloadNames', 'workloadName'],
  ])('%s matches names in any case', async (condition, field) => {
    const { all } = await find({});
    const name = all[0][field] as string;
    for (const each of [name, name.toUpperCase(), name.toLowerCase()]) {
      const { some } = await find({ [condition]: [each] });
      expect(some).toEqual(all.filter((row) => row[field] === name));
    }
  });

  test('dimensions compare values with regard to case', async () => {
    const { all } = await find({});
    const match = (value: string) => ({ dimensions: [{ by: { field: 'WORKLOAD_TYPE' }, values: [value] }] });
    expect((await find(match('Deployment'))).some).toEqual(all.filter((row) => row.workloadType === 'Deployment'));
    expect((await find(match('deployment'))).some).toEqual([]);
  });

  test('maxTotalCost and minTotalCost include their bounds', async () => {
    const { all } = await find({});
    const costs = all.map(({ totalCost }) => totalCost as number).sort((a, b) => a - b);
    const [least, most] = [costs[10]!, costs[20]!];
    const { some } = await find({ minTotalCost: least, maxTotalCost: most });
    expect(some).toEqual(all.filter(({ totalCost }) => totalCost >= least && totalCost <= most));
    expect(some.length).toBeGreaterThan(10);
    expect((await find({ maxTotalCost: costs[0]! - 1 })).some).toEqual([]);
  });
});

test('reports cover all clusters by default', async () => {
  await using plain = await startStack({ env: { SCALEOPS_MULTI_CLUSTER: '' } });
  await plain.send(
    '{ workloadCosts { asOf } aggregatedCosts { asOf } own: workloadCosts(filter: { multiCluster: false }) { asOf } }',
  );
  const requested = plain.received.map(({ query, body }) =>
    String(query.get('multiCluster') ?? (body as any).multiCluster),
  );
  expect(requested.sort()).toEqual(['false', 'true', 'true']);
});
