// The budget of one operation: everything that grows with data is charged to it in advance.

import {
  execute,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  validate,
  type ExecutionResult,
  type GraphQLCompositeType,
  type GraphQLField,
} from 'graphql';
import { describe, expect, test, vi } from 'vitest';

import type { ReportLookup } from '../../src/cache/report-lookup.js';
import { Scheduler } from '../../src/concurrency/scheduler.js';
import { createLimiter } from '../../src/concurrency/semaphore.js';
import { createSchema } from '../../src/graphql/schema.js';
import { createContext, type GatewayContext } from '../../src/loaders/context.js';
import { OperationBudget, type OperationLimits } from '../../src/loaders/operation-budget.js';
import { createLoadOnce } from '../../src/loaders/paced-results.js';
import { createOperationRunner } from '../../src/loaders/operation-runner.js';
import type { RequestServices } from '../../src/loaders/request-services.js';
import { decodeReport } from '../../src/report/parse/json-parser.js';
import type { Report } from '../../src/report/report.js';
import type { Computation } from '../../src/report/computation.js';
import { createManualClock } from '../kit/time/clock.js';

const schema = createSchema();
const NO_LIMITS: OperationLimits = { maxResponseRows: undefined, maxCost: undefined, maxUpstreamCalls: undefined };

const ROWS = 300;
const labels = Array.from({ length: 4 }, (_, at) => ({ key: `k${at}`, value: 'v' }));
const names = (prefix: string) => Array.from({ length: ROWS }, (_, at) => `${prefix}${at}`);
const { report } = decodeReport({
  window: { startTime: '2026-01-24T00:00:00Z', endTime: '2026-01-31T00:00:00Z' },
  clusters: names('cluster-'),
  aggregatedWorkloads: names('w').map((workloadName, at) => ({
    ...{ id: workloadName, clusterName: `cluster-${at}`, namespace: 'ns', workloadName, workloadType: 'Deployment' },
    ...{ labels, annotations: labels, ownerLabels: labels, services: ['a', 'b'], totalCost: at },
  })),
});

/** Executes with graphql-js over a cache with one report. */
async function run(
  text: string,
  {
    limits = NO_LIMITS,
    of = report,
    variables = {},
  }: { limits?: OperationLimits; of?: Report; variables?: object } = {},
): Promise<{ readonly result: ExecutionResult; readonly context: GatewayContext; readonly loads: number }> {
  let loads = 0;
  const lookup = { report: of, asOf: 0, freshMs: 0, isStale: false, cacheResult: 'miss', upstreamMs: 0 };
  const load: RequestServices['cache']['load'] = (_request, _principal, options) =>
    options!.runLimited!(() => {
      options?.assertNeeded?.();
      loads += 1;
      return Promise.resolve(lookup as unknown as ReportLookup);
    });
  const services = {
    cache: { load, loadFromMemory: () => undefined, loadIfError: () => undefined, findRelated: () => [] },
    credentials: { principal: () => Promise.resolve({ id: 'p' }) },
    scheduler: new Scheduler(),
    limits,
    ...{ maxConcurrentReports: 4, multiClusterByDefault: false, maxPageRows: undefined, maxIntervals: 100 },
    windows: { clock: createManualClock(), settledAfterMs: 0 },
    runSeriesFetch: createLimiter(4),
  } as unknown as RequestServices;
  const context = createContext(services, { signal: new AbortController().signal });
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const result = await execute({ schema, document, contextValue: context, variableValues: { ...variables } });
  return { result, context, loads };
}

const isWithin = ({ context }: Awaited<ReturnType<typeof run>>): boolean => context.budget.exceeded === undefined;

/** The smallest sufficient number; at most 100,000. */
async function findLeast(isEnough: (number: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, 100_000];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

describe('the budget of an operation', () => {
  const REPRESENTATIONS = names('cluster-').map((name) => ({ __typename: 'KubernetesCluster', name }));
  const KEYS = names('w')
    .slice(0, 1_000)
    .map((name) => ({ clusterName: 'cluster-1', namespace: 'ns', type: 'Deployment', name }));
  const REQUIRED: Readonly<Record<string, string>> = {
    by: '[{ field: WORKLOAD_NAME }]',
    representations: '$representations',
    keys: '$keys',
    ...{ name: '"w1"', clusterName: '"cluster-1"', namespace: '"ns"', type: '"Deployment"' },
  };
  const call = ({ name, args }: GraphQLField<unknown, unknown>): string => {
    const given = args
      .filter(({ type, defaultValue }) => isNonNullType(type) && defaultValue === undefined)
      .map((argument) => `${argument.name}: ${REQUIRED[argument.name]!}`);
    return given.length === 0 ? name : `${name}(${given.join(', ')})`;
  };
  /** The list fields of all types, each with the shortest path to its type. */
  const lists: [name: string, open: string, field: string][] = [];
  const seen = new Set<GraphQLCompositeType>([schema.getQueryType()!]);
  const ways: [GraphQLCompositeType, string][] = [[schema.getQueryType()!, '']];
  for (const [type, way] of ways) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const own = getNamedType(field.type);
      // Warnings are few, whatever the report.
      if (isListType(getNullableType(field.type)) && field.name !== 'warnings') {
        lists.push([`${type.name}.${field.name}`, way, call(field) + (isCompositeType(own) ? ' { __typename }' : '')]);
      }
      // `KubernetesWorkload.cost` is one row.
      if (!isCompositeType(own) || isUnionType(own) || seen.has(own) || field.name === 'cost') continue;
      seen.add(own);
      ways.push([own, `${way} { ${call(field)}`]);
    }
  }

  test.each(lists)('is charged for each of 45 uses of %s over a large report', async (_name, way, field) => {
    const send = (count: number, maxCost: number) => {
      const limits = { ...NO_LIMITS, maxResponseRows: 10_000, maxCost };
      const fields = Array.from({ length: count }, (_, at) => `a${at}: ${field}`).join(' ');
      const operation = `${way} { ${fields} } ${'}'.repeat(way.split('{ ').length - 1 - (way.match(/\[\{/g)?.length ?? 0))}`;
      const declared = { $representations: '[_Any!]!', $keys: '[KubernetesWorkloadKey!]!' };
      const used = Object.entries(declared).filter(([name]) => operation.includes(name));
      const header = used.length === 0 ? '' : `(${used.map((pair) => pair.join(': ')).join(', ')})`;
      return run(`query ${header} ${operation}`, {
        limits,
        variables: { representations: REPRESENTATIONS, keys: KEYS },
      });
    };
    // A time series reads 31 reports first, and has ten series.
    const isSeries = way.includes('costTimeSeries');
    const maxCost = isSeries ? await findLeast(async (cost) => isWithin(await send(1, cost))) : 10_000;
    const once = await send(1, maxCost);
    expect([once.result.errors, once.context.budget.exceeded]).toEqual([undefined, undefined]);
    expect((await send(45, maxCost)).context.budget.exceeded?.code).toBe('QUERY_TOO_COMPLEX');
  });

  test('is tested with list fields of every kind', () => {
    expect(lists.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'CostReport.clusters',
        'CostRow.labels',
        'CostGroup.keys',
        'Query._entities',
        'CostSeries.values',
      ]),
    );
  });
});

describe('a query over a report', () => {
  /** A report that counts its queries. */
  const counting = () => {
    const counts = { sumRows: 0, breakDown: 0, selectRows: 0 };
    const of = {
      rowCount: report.rowCount,
      clusters: report.clusters,
      sumRows: (where?: never) => ((counts.sumRows += 1), report.sumRows(where)),
      breakDown: (query: never) => ((counts.breakDown += 1), report.breakDown(query)),
      selectRows: (query: never) => ((counts.selectRows += 1), report.selectRows(query)),
    };
    return { counts, of: of as unknown as Report };
  };

  test('runs once for aliases with equal arguments, as literals and as variables', async () => {
    const { counts, of } = counting();
    const fields = (at: number, value: string) =>
      `t${at}: totals(where: { minTotalCost: ${value} }) { totalCost }
       r${at}: rows(first: 1, where: { minTotalCost: ${value} }) { totalCount }
       b${at}: breakdown(by: [{ field: CLUSTER }], where: { minTotalCost: ${value} }) { groupCount }`;
    const text = `query ($v: Float) { workloadCosts { ${fields(0, '5')} ${fields(1, '$v')} ${fields(2, '6')} } }`;
    const { result } = await run(text, { of, variables: { v: 5 } });
    expect(result.errors).toBeUndefined();
    expect(counts).toEqual({ sumRows: 2, breakDown: 2, selectRows: 2 });
  });

  test('with a non-finite number in its variables is distinguished from one with null', async () => {
    const text = `{ workloadCosts { a: totals(where: { minTotalCost: 1e999 }) { rowCount } b: totals(where: { minTotalCost: null }) { rowCount } } }`;
    const { result } = await run(text);
    expect(result.errors).toMatchObject([{ path: ['workloadCosts', 'a'] }]);
  });

  test.each([
    ['each column that totals add up', 'totals(where: { minTotalCost: 0 }) { totalCost hourlyCost replicas }', 4],
    ['the columns of percentages', 'totals { spotPercent onDemandPercent }', 2],
    [
      'each key of an order, and the ids after them',
      'rows(first: 0, orderBy: [{ field: REPLICAS }, { field: NAMESPACE }]) { totalCount }',
      3,
    ],
    [
      'each dimension and the groups',
      'breakdown(by: [{ field: CLUSTER }, { field: NAMESPACE }], first: 0) { groupCount }',
      3,
    ],
    [
      'all labels, for each label dimension',
      'breakdown(by: [{ label: "k1" }], first: 0) { groupCount }',
      2 + report.labelScanCost / ROWS,
    ],
    [
      'all labels, for a filter on labels',
      'rows(where: { dimensions: [{ by: { label: "k1" }, values: ["v"] }] }) { totalCount }',
      2 + report.labelScanCost / ROWS,
    ],
  ])('is charged for %s', async (_what, field, passes) => {
    const send = (maxCost: number) => run(`{ workloadCosts { ${field} } }`, { limits: { ...NO_LIMITS, maxCost } });
    expect((await send(passes * ROWS)).context.budget.exceeded).toBeUndefined();
    expect((await send(passes * ROWS - 1)).context.budget.exceeded?.code).toBe('QUERY_TOO_COMPLEX');
  });

  test('is charged for the search for each cursor', async () => {
    const { result } = await run('{ workloadCosts { rows(first: 1) { pageInfo { endCursor } } } }');
    const cursor = (result.data as any).workloadCosts.rows.pageInfo.endCursor as string;
    const fields = Array.from(
      { length: 45 },
      (_, at) => `a${at}: rows(after: "${cursor}", first: ${at}) { totalCount }`,
    );
    const send = (maxCost: number) =>
      run(`{ workloadCosts { ${fields.join(' ')} } }`, { limits: { ...NO_LIMITS, maxCost } });
    expect((await send(45 * ROWS)).result.errors).toBeUndefined();
    expect((await send(45 * ROWS - 1)).context.budget.exceeded?.code).toBe('QUERY_TOO_COMPLEX');
  });

  test('stops in the queue when the budget of its operation is exceeded', async () => {
    const turns: (() => void)[] = [];
    let now = 0;
    const scheduler = new Scheduler(
      () => now,
      (task) => turns.push(task),
    );
    const budget = new OperationBudget({ ...NO_LIMITS, maxCost: 10 });
    const { runReportQuery } = createOperationRunner(scheduler, budget, { throwIfAborted: () => undefined });
    let isFinished = false;
    const query = function* (): Computation<string> {
      now += 100;
      yield;
      isFinished = true;
      return 'read';
    };
    const read = runReportQuery({ scanCost: 1, labelScanCost: 0 }, { rows: 1 }, query());
    expect(() => {
      budget.chargeScan(11);
    }).toThrow();
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
    await expect(read).rejects.toBe(budget.exceeded);
    expect(isFinished).toBe(false);
  });
});

describe('an operation over its budget', () => {
  test('makes none of its calls to ScaleOps when they are too many', async () => {
    const fields = Array.from(
      { length: 5 },
      (_, at) => `a${at}: workloadCosts(filter: { last: "${at + 1}d" }) { isStale }`,
    );
    const send = (maxUpstreamCalls: number) =>
      run(`{ ${fields.join(' ')} }`, { limits: { ...NO_LIMITS, maxUpstreamCalls } });
    expect(await send(5)).toMatchObject({ loads: 5, context: { budget: { exceeded: undefined } } });
    const { loads, context } = await send(4);
    expect([loads, context.budget.exceeded?.code]).toEqual([0, 'QUERY_TOO_COMPLEX']);
    expect(context.budget.exceeded?.message).toContain('GATEWAY_MAX_UPSTREAM_CALLS');
  });

  test('throws its first error again for every further charge', () => {
    const budget = new OperationBudget({ ...NO_LIMITS, maxResponseRows: 2 });
    budget.chargeItems(2, 1);
    expect(budget.exceeded).toBeUndefined();
    const charges = [
      () => {
        budget.chargeItems(1, 0);
      },
      () => {
        budget.chargeFields(1);
      },
      () => {
        budget.chargeBytes(0);
      },
    ];
    for (const charge of charges) expect(charge).toThrow('GATEWAY_MAX_ANSWER_ROWS');
  });

  test('may write 64 bytes per unit of cost', () => {
    const budget = new OperationBudget({ ...NO_LIMITS, maxCost: 10 });
    budget.chargeBytes(640);
    expect(() => {
      budget.chargeBytes(1);
    }).toThrow('more than 640 bytes');
  });
});

describe('references to entities', () => {
  const ALIASES =
    'query ($r: [_Any!]!) { a: _entities(representations: $r) { __typename } b: _entities(representations: $r) { __typename } }';

  test('are read once for all aliases', async () => {
    let reads = 0;
    const representation = {
      name: 'a',
      get __typename() {
        reads += 1;
        return 'KubernetesCluster';
      },
    };
    const { result } = await run(ALIASES, { variables: { r: [representation] } });
    expect(result.errors).toBeUndefined();
    expect(reads).toBe(1);
  });

  test('share one error after the first 100 that are invalid', async () => {
    const r = [...Array.from({ length: 150 }, () => ({})), { __typename: 'KubernetesCluster', name: 'a' }];
    const { result } = await run(ALIASES, { variables: { r } });
    const messages = new Set(result.errors?.map(({ message }) => message));
    expect(messages.size).toBe(101);
    expect([...messages].at(-1)).toBe('representations must be valid: more than 100 are not.');
    expect((result.data?.a as unknown[]).at(-1)).toEqual({ __typename: 'KubernetesCluster' });
  });
});

test('results that many fields wait for are delivered over several turns of the event loop', async () => {
  const turns: (() => void)[] = [];
  const loadOnce = createLoadOnce<string>((task) => turns.push(task));
  const start = vi.fn(() => Promise.resolve('report'));
  let received = 0;
  const results = Array.from({ length: 250 }, async () => {
    await loadOnce('key', start);
    received += 1;
  });
  const counts: number[] = [];
  for (;;) {
    await new Promise(setImmediate);
    counts.push(received);
    const turn = turns.shift();
    if (turn === undefined) break;
    turn();
  }
  await Promise.all(results);
  expect(counts).toEqual([0, 100, 200, 250]);
  expect(start).toHaveBeenCalledOnce();
  expect(loadOnce('key', start)).toBe('report');
});

test('a failed load fails immediately for each later caller', async () => {
  const loadOnce = createLoadOnce<string>();
  const fail = () => Promise.reject(new Error('down'));
  await expect(loadOnce('key', fail)).rejects.toThrow('down');
  expect(() => loadOnce('key', fail)).toThrow('down');
});
