// The contract for a frontend: the types that GraphQL Code Generator makes of schema/gateway.graphql accept a correct
// client, reject mistakes at their line, and match the responses of the gateway.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, print, visit } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack } from '../kit/gateway.js';
import { ROOT } from '../kit/processes/process.js';
import { compileFrontend, generateTypes, type Frontend } from '../kit/clients/typed-client/frontend.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const SDL = read('schema/gateway.graphql');
const CLIENT = read('test/kit/clients/typed-client/client.ts.txt');

/** The types and documents of a frontend with the recommended settings. */
const generate = (sdl: string): Promise<string> =>
  generateTypes(sdl, read('test/kit/clients/typed-client/documents.graphql'));

/** A client with one mistake. */
interface Mistake {
  readonly title: string;
  /** The text of the correct client, and its replacement. */
  readonly right: string;
  readonly wrong: string;
  readonly says: RegExp;
  /** A text in the line of TypeScript's error, where it differs from `right`. */
  readonly at?: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    title: 'a field that is not there',
    right: '?.totalCost;\n  const labels',
    wrong: '?.totalCosts;\n  const labels',
    says: /'totalCosts' does not exist/,
  },
  {
    title: 'a field that the document does not ask for',
    right: 'row.id',
    wrong: 'row.namespace',
    says: /'namespace' does not exist/,
  },
  {
    title: 'a variable of another type',
    right: 'first: 20',
    wrong: "first: '20'",
    says: /'string' is not assignable to type 'number'/,
  },
  {
    title: 'a variable that is not there',
    right: 'withLabels: true',
    wrong: 'withLables: true',
    says: /'withLables' does not exist/,
  },
  {
    title: 'a required variable left out',
    right: "by: [{ label: 'team' }, { field: 'NAMESPACE' }],",
    wrong: '',
    says: /'by' is missing/,
    at: 'DashboardDocument, {',
  },
  {
    title: 'an enum value that is not there',
    right: "direction: 'DESC'",
    wrong: "direction: 'DOWN'",
    says: /'"DOWN"' is not assignable/,
  },
  {
    title: 'an input field that is not there',
    right: 'minTotalCost: 0.01',
    wrong: 'minCost: 0.01',
    says: /'minCost' does not exist/,
  },
  {
    title: 'a required input field left out',
    right: "names: ['dev-us-east-1'], ",
    wrong: '',
    says: /'names' is missing/,
  },
  {
    title: 'two fields where one may be given',
    right: "{ label: 'team' }",
    wrong: "{ label: 'team', field: 'CLUSTER' }",
    says: /is not assignable to type/,
  },
  {
    title: 'no field where one has to be given',
    right: "{ label: 'team' }",
    wrong: '{}',
    says: /not assignable to type 'CostDimensionInput/,
  },
  {
    title: 'two times of one report',
    right: '      between: {',
    wrong: "      last: '7d',\n      between: {",
    says: /not assignable to type 'CostTimeRangeInput/,
    at: 'timeRange: {',
  },
  {
    title: 'a report read as if it never failed',
    right: 'workloadCosts?.asOf',
    wrong: 'workloadCosts.asOf',
    says: /possibly 'null'/,
  },
  {
    title: 'a cost read as if it were always known',
    right: 'number | null | undefined',
    wrong: 'number | undefined',
    says: /'null' is not assignable/,
  },
  {
    title: 'a CostDuration that is no text',
    right: "last: '7d'",
    wrong: 'last: 7',
    says: /'number' is not assignable to type 'string'/,
  },
  {
    title: 'a DateTime given as a Date',
    right: "from: '2026-01-01T00:00:00Z'",
    wrong: 'from: new Date()',
    says: /'Date' is not assignable to type 'string'/,
  },
  {
    title: 'a DateTime read as a Date',
    right: 'asOf: string',
    wrong: 'asOf: Date',
    says: /'string' is not assignable to type 'Date'/,
  },
  {
    title: 'an ID read as a number',
    right: 'ids: string[]',
    wrong: 'ids: number[]',
    says: /'string' is not assignable to parameter of type 'number'/,
    at: 'ids.push',
  },
];

const toFile = (mistake: Mistake): string => `wrong-${MISTAKES.indexOf(mistake)}.ts`;

/** The line number, from 1, of a text in the correct client. */
const lineOf = (text: string): number => CLIENT.slice(0, CLIENT.indexOf(text)).split('\n').length;

let frontend: Frontend;
beforeAll(async () => {
  const wrong = MISTAKES.map((mistake) => {
    expect(CLIENT.split(mistake.right), mistake.title).toHaveLength(2);
    return [toFile(mistake), CLIENT.replace(mistake.right, mistake.wrong)];
  });
  frontend = compileFrontend({
    'generated.ts': await generate(SDL),
    'client.ts': CLIENT,
    ...(Object.fromEntries(wrong) as Record<string, string>),
  });
});
afterAll(() => {
  frontend.remove();
});

describe('the generated types of a client', () => {
  test('accept a correct client, and compile themselves', () => {
    const others = [...frontend.diagnostics].filter(([file]) => !file.startsWith('wrong-'));
    expect(others).toEqual([]);
  });

  test.each(MISTAKES.map((mistake) => [mistake.title, mistake] as const))('reject %s', (_title, mistake) => {
    const found = frontend.diagnostics.get(toFile(mistake)) ?? [];
    expect(found).toEqual([expect.stringMatching(mistake.says)]);
    expect(Number.parseInt(found[0]!)).toBe(lineOf(mistake.at ?? mistake.right));
  });

  test('are the same whether or not the schema is a subgraph', async () => {
    const kept = ['oneOf', 'deprecated', 'specifiedBy'];
    const plain = visit(parse(SDL), {
      Directive: ({ name }) => (kept.includes(name.value) ? undefined : null),
      DirectiveDefinition: () => null,
      SchemaExtension: () => null,
    });
    expect(await generate(print(plain))).toBe(await generate(SDL));
  });
});

describe('a correct typed client', () => {
  /** The compiled file, with the two functions that the tests call. */
  const load = (): Promise<Record<'readDashboard' | 'readNamespaces', (url: string) => Promise<any>>> =>
    frontend.load('client');

  test('reads the data of the gateway, with one request to ScaleOps for all its pages', async () => {
    await using stack = await startStack();
    const { readDashboard } = await load();
    const dashboard = await readDashboard(`${await stack.gateway.listen()}/graphql`);
    expect(stack.received).toHaveLength(1);
    // The same data without pages and types, from the cached report.
    const { data } = await stack.send(`{
      workloadCosts(filter: { last: "7d", multiCluster: true, clusters: { names: ["dev-us-east-1"], exclude: true } }) {
        asOf
        window { startTime }
        rows(orderBy: [{ field: TOTAL_COST }], where: { minTotalCost: 0.01 }) {
          nodes { id totalCost ownerLabels { key value } }
        }
        totals(where: { minTotalCost: 0.01 }) { totalCost rowCount }
      }
    }`);
    const { asOf, window, rows, totals } = data.workloadCosts;
    const { nodes } = rows as { nodes: { id: string; totalCost: number; ownerLabels: unknown[] }[] };
    expect(dashboard).toEqual({
      asOf,
      startTime: window.startTime,
      highestCost: nodes[0]!.totalCost,
      ids: nodes.map(({ id }) => id),
      labels: nodes[0]!.ownerLabels,
      teams: expect.arrayContaining(['sre', 'nobody']) as string[],
      teamsCost: expect.closeTo(totals.totalCost as number, 6) as number,
    });
    expect(totals.rowCount).toBeGreaterThan(20);
    expect(stack.received).toHaveLength(1);
  });

  test('sends the namespaces and the period to ScaleOps unchanged', async () => {
    await using stack = await startStack();
    const { readNamespaces } = await load();
    const { names, othersCost } = await readNamespaces(`${await stack.gateway.listen()}/graphql`);
    expect(names).toHaveLength(3);
    expect(othersCost).toBeGreaterThan(0);
    expect(stack.received).toMatchObject([
      { body: { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 31), stepSize: 3600, groupByNamespace: true } },
    ]);
  });
});
