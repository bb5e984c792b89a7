// Runs every query and command of the documents unchanged, against a gateway on the demo's data.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kind, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createManualClock } from '../kit/time/clock.js';
import { findBlock, readBlocks, readText, toPattern } from '../kit/formats/documents.js';
import { startStack, type TestStack } from '../kit/gateway.js';
import { composeWithApollo } from '../kit/federation/routers.js';

/** A Thursday, some hours into the day, when this month, this week and today each have full hours. */
const NOW = Date.UTC(2026, 0, 29, 15, 30);
const SHOWN_URL = 'http://127.0.0.1:4000';

const readme = readBlocks('README.md');
const blocks = [...readme, ...readBlocks('src/RECIPES.md')];
const { name, version, scripts } = JSON.parse(readText('package.json')) as {
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
};

const folder = mkdtempSync(join(tmpdir(), 'gateway-readme-'));
let stack: TestStack;
let url: string;
beforeAll(async () => {
  const simulator = { workloads: 1000, now: () => NOW };
  stack = await startStack({ simulator, clock: createManualClock(NOW), env: { SCALEOPS_MULTI_CLUSTER: 'on' } });
  url = await stack.gateway.listen();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stack[Symbol.asyncDispose]();
});

const isOperation = (text: string): boolean => parse(text).definitions[0]?.kind === Kind.OPERATION_DEFINITION;
const documents = blocks.filter(({ language }) => language === 'graphql');
const queries = documents.filter(({ text }) => isOperation(text)).map(({ heading, text }) => ({ heading, text }));
const questions = queries.filter(({ heading }) => /^\d+\. /.test(heading)).map(({ heading }) => heading);

/** The variables of queries that do not work without them. */
const VARIABLES: Readonly<Record<string, object>> = { 'A Node script with generated types': { unit: 'WEEK' } };

/** The paths of empty lists and nulls in a response. `others` may be null. */
function findGaps(value: unknown, path = 'data'): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [path] : [];
  if (value === null) return path.endsWith('.others') ? [] : [path];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) => findGaps(each, `${path}.${key}`));
}

/** Runs a command of a document by bash, as it is written, on another URL. */
async function run(command: string, at: string): Promise<string> {
  const script = `curl() { command curl --silent --show-error --fail "$@"; }\n${command.replaceAll(SHOWN_URL, at)}`;
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script]);
  return stdout;
}

describe('the queries', () => {
  test('include ten numbered questions', () => {
    expect(questions.map((heading) => Number.parseInt(heading))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test.each(queries)('$heading', async ({ heading, text }) => {
    const { data, errors } = await stack.send(text, VARIABLES[heading]);
    expect(errors).toEqual([]);
    expect(findGaps(data)).toEqual([]);
  });

  test('show new workloads and deleted ones', async () => {
    const { data } = await stack.send(
      findBlock(readme, '8. Which applications are new, and which are gone?', 'graphql'),
    );
    const { groups } = data.aggregatedCosts.comparison.breakdown as { groups: { kind: string }[] };
    expect(new Set(groups.map(({ kind }) => kind))).toEqual(new Set(['APPEARED', 'VANISHED']));
  });

  test('show responses with the fields and names of the gateway, and other costs', async () => {
    const heading = '3. What does each team cost, and which costs have no team?';
    const { text } = await stack.send(findBlock(readme, heading, 'graphql'));
    const response = JSON.parse(text) as unknown;
    expect(response).toEqual(toPattern(JSON.parse(findBlock(readme, heading, 'json')), response));
  });

  test('load the next page by the cursor of the previous page', async () => {
    const query = findBlock(readme, 'Paging', 'graphql');
    const { data: first } = await stack.send(query);
    const { pageInfo, edges, totalCount } = first.workloadCosts.rows;
    const { data: second } = await stack.send(query, { after: pageInfo.endCursor });
    expect(totalCount).toBeGreaterThan(40);
    const rows = [...edges, ...second.workloadCosts.rows.edges] as { node: { id: string } }[];
    const ids = rows.map(({ node }) => node.id);
    expect(new Set(ids).size).toBe(40);
  });

  test('include a stub of another subgraph that composes with the schema', () => {
    const [stub] = documents.filter(({ text }) => !isOperation(text));
    const { supergraphSdl } = composeWithApollo(
      { name: 'costs', url: 'http://costs/graphql', sdl: readText('schema/gateway.graphql') },
      { name: 'services', url: 'http://services/graphql', sdl: stub!.text },
    );
    expect(supergraphSdl).toContain('workload: KubernetesWorkload');
  });
});

describe('the commands', () => {
  /** Commands that other tests run, or that need the network: the demo, the build, the image and the benchmark. */
  const OTHERS = [
    /^(?:npm ci && )?npm run (?<script>[\w:]+)(?: && npm run (?<second>[\w:]+))?(?: -- .*)?$/,
    /^npm ci && npm (?<script>test)$/,
    /^(?:[A-Z_]+=\S+ )+npm (?:run )?(?<script>start|demo)$/,
    new RegExp(`^docker build -t ${name}:${version} \\.$`),
    new RegExp(`^docker run --env-file \\S+ -p 4000:4000 ${name}:${version}$`),
    // Packages of a frontend, outside of this repository.
    /^npm install --save-dev(?: @graphql-codegen\/[a-z-]+)+$/,
    /^npx graphql-codegen --config codegen\.yml$/,
  ];
  const shell = readme.filter(({ language }) => language === 'sh');

  test('are scripts of npm, docker commands, or run by the tests below', () => {
    const lines = shell.filter(({ text }) => !text.startsWith('curl ')).flatMap(({ text }) => text.trim().split('\n'));
    expect(lines).toContain('npm ci && npm run demo');
    const matches = lines.map((line) => [line, OTHERS.map((pattern) => pattern.exec(line)).find(Boolean)] as const);
    expect(matches.filter(([, match]) => match === undefined).map(([line]) => line)).toEqual([]);
    const named = matches.flatMap(([, match]) => Object.values(match?.groups ?? {})).filter(Boolean);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  });

  test('send the first query and get the response of the document', async () => {
    const response = JSON.parse(await run(findBlock(readme, 'A first query', 'sh'), url)) as unknown;
    expect(response).toEqual(toPattern(JSON.parse(findBlock(readme, 'A first query', 'json')), response));
  });

  test('run a persisted document by its id, by POST and GET, with the list of the document', async () => {
    const file = join(folder, 'documents.json');
    writeFileSync(file, findBlock(readme, 'Persisted documents', 'json'));
    await using trusting = await startStack({ env: { GATEWAY_TRUSTED_DOCUMENTS: file } });
    const at = await trusting.gateway.listen();
    const commands = shell.filter(({ heading }) => heading === 'Persisted documents');
    expect(commands).toHaveLength(2);
    for (const { text } of commands) {
      const { data } = JSON.parse(await run(text, at)) as { data: unknown };
      expect(data).toEqual({ workloadCosts: { totals: { totalCost: expect.any(Number) as number } } });
    }
    expect(trusting.received).toHaveLength(1);
  });

  test('load both reports of a host without warnings', async () => {
    const { data } = JSON.parse(await run(findBlock(readme, 'What is assumed of ScaleOps', 'sh'), url));
    expect(data.workloadCosts.totals.rowCount).toBeGreaterThan(900);
    expect(data.aggregatedCosts.totals.rowCount).toBeGreaterThan(1);
    expect([data.workloadCosts.warnings, data.aggregatedCosts.warnings]).toEqual([[], []]);
  });

  test('with curl are all under a heading of the tests above', () => {
    const headings = shell.filter(({ text }) => text.startsWith('curl ')).map(({ heading }) => heading);
    expect([...new Set(headings)]).toEqual(['A first query', 'Persisted documents', 'What is assumed of ScaleOps']);
  });
});
