// The contract for a frontend: the types that GraphQL Code Generator makes of schema/gateway.graphql accept a correct
// client, reject mistakes at their line, and match the responses of the gateway.

import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { parse, print, visit } from 'graphql';
import ts from 'typescript';
import { parse as parseYaml } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack } from './kit/gateway.js';
import { ROOT } from './kit/process.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const SDL = read('schema/gateway.graphql');
const CLIENT = read('test/kit/typed-client/client.ts.txt');

/** The types and documents of a frontend with the recommended settings. */
function generate(sdl: string): Promise<string> {
  const { generates } = parseYaml(read('test/kit/typed-client/codegen.yml')) as {
    generates: Record<string, { plugins: string[]; config: Record<string, unknown> }>;
  };
  const { plugins, config } = generates['generated.ts']!;
  return codegen({
    filename: 'generated.ts',
    schema: parse(sdl),
    documents: [{ document: parse(read('test/kit/typed-client/documents.graphql')) }],
    config,
    plugins: plugins.map((name) => ({ [name]: {} })),
    pluginMap: { 'typed-document-node': typedDocumentNode, 'typescript-operations': typescriptOperations },
  });
}

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

/** Creates a frontend: generated types, the correct client, the wrong ones, and node_modules. */
async function fillFrontend(folder: string): Promise<void> {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const write = (file: string, text: string): void => {
    writeFileSync(join(folder, file), text);
  };
  write('package.json', '{ "type": "module" }');
  write('generated.ts', await generate(SDL));
  write('client.ts', CLIENT);
  for (const mistake of MISTAKES) {
    expect(CLIENT.split(mistake.right), mistake.title).toHaveLength(2);
    write(toFile(mistake), CLIENT.replace(mistake.right, mistake.wrong));
  }
}

/** Compiles everything into dist; returns TypeScript's errors per file as `line: message`. */
function compile(folder: string): ReadonlyMap<string, readonly string[]> {
  const files = ['client.ts', ...MISTAKES.map(toFile)].map((file) => join(folder, file));
  const program = ts.createProgram(files, {
    strict: true,
    verbatimModuleSyntax: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
    outDir: join(folder, 'dist'),
    skipLibCheck: true,
  });
  const diagnostics = new Map<string, string[]>();
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const name = file === undefined ? 'options' : basename(file.fileName);
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    diagnostics.set(name, [...(diagnostics.get(name) ?? []), `${line}: ${text}`]);
  }
  program.emit();
  return diagnostics;
}

const folder = mkdtempSync(join(tmpdir(), 'gateway-client-'));
let diagnostics: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  await fillFrontend(folder);
  diagnostics = compile(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the generated types of a client', () => {
  test('accept a correct client, and compile themselves', () => {
    const others = [...diagnostics].filter(([file]) => !file.startsWith('wrong-'));
    expect(others).toEqual([]);
  });

  test.each(MISTAKES.map((mistake) => [mistake.title, mistake] as const))('reject %s', (_title, mistake) => {
    const found = diagnostics.get(toFile(mistake)) ?? [];
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
  async function load(): Promise<Record<'readDashboard' | 'readNamespaces', (url: string) => Promise<any>>> {
    return (await import(pathToFileURL(join(folder, 'dist/client.js')).href)) as never;
  }

  test('reads the data of the gateway, with one request to ScaleOps for all its pages', async () => {
    await using stack = await startStack();
    const { readDashboard } = await load();
    const dashboard = await readDashboard(`${await stack.gateway.listen()}/graphql`);
    expect(stack.received).toHaveLength(1);
    // The same data without pages and types, from the cached report.
    const { data } = await stack.ask(`{
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

  test('requests the namespaces of a period, which ScaleOps gets unchanged', async () => {
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
