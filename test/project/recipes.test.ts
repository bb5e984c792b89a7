// Runs the recipes of src/RECIPES.md and the client code of the README unchanged, against a gateway on the demo's data
// that authenticates its callers.

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { gql, type ApolloClient, type TypedDocumentNode } from '@apollo/client';
import type { Client } from '@urql/core';
import { Kind, parse, type ObjectTypeDefinitionNode } from 'graphql';
import relayRuntime, { type Environment } from 'relay-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { compileForRelay } from '../kit/clients/client-caches/relay.js';
import { createManualClock } from '../kit/time/clock.js';
import { findBlock, readBlocks, readText } from '../kit/formats/documents.js';
import { startGateway, startStack, type TestStack } from '../kit/gateway.js';
import { compileFrontend, generateTypes, type Frontend } from '../kit/clients/typed-client/frontend.js';

const NOW = Date.UTC(2026, 0, 29, 15, 30);
const KEY = 'the-key-of-the-dashboard';
const ENV = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `dashboard:${KEY}`, SCALEOPS_MULTI_CLUSTER: 'on' };
const readme = readBlocks('README.md');
const recipes = readBlocks('src/RECIPES.md');
const TEAM_COSTS = findBlock(readme, 'Generated types', 'graphql');
const CHANGES = findBlock(recipes, 'A Node script with generated types', 'graphql');

const onDemoData = { simulator: { workloads: 1000, now: () => NOW }, clock: createManualClock(NOW) };

let stack: TestStack;
let url: string;
beforeAll(async () => {
  stack = await startStack({ ...onDemoData, env: ENV });
  url = `${await stack.gateway.listen()}/graphql`;
});
afterAll(() => stack[Symbol.asyncDispose]());

const send = (query: string, variables?: object) => stack.send(query, variables, { headers: { 'x-api-key': KEY } });

/** The rows or groups of the whole report, to compare with. */
async function readTeams(last: string) {
  const { data, errors } = await send(TEAM_COSTS, { last });
  expect(errors).toEqual([]);
  return data.workloadCosts.breakdown.groups as { keys: { value: string | null }[]; totals: { totalCost: number } }[];
}

describe('CSV with curl and jq', () => {
  // In CI a missing jq is a failure.
  const isSkipped = process.env.CI === undefined && !hasCommand('jq');
  if (isSkipped) console.warn('The CSV recipe is not tested: no jq.');
  const command = findBlock(recipes, 'CSV with curl and jq', 'sh');

  const run = async (text: string): Promise<string> => {
    const withKey = `curl() { command curl -H 'x-api-key: ${KEY}' "$@"; }\n`;
    const script = withKey + text.replace('http://127.0.0.1:4000/graphql', url);
    return (await promisify(execFile)('bash', ['-c', script], { maxBuffer: 2 ** 24 })).stdout;
  };

  test.skipIf(isSkipped)('has a line per workload, the most expensive first', async () => {
    const [head, ...lines] = (await run(command)).trimEnd().split('\n');
    expect(head).toBe('"cluster","namespace","workload","team","cost","savings","from","to","as_of"');
    const { data } = await send(
      '{ workloadCosts(filter: { last: "30d" }) { asOf window { startTime endTime } rows(orderBy: [{ field: TOTAL_COST }]) { nodes { clusterName namespace workloadName label(key: "team") totalCost savingsAvailable } } } }',
    );
    const { asOf, window, rows } = data.workloadCosts;
    const period = [window.startTime, window.endTime, asOf] as string[];
    const nodes = rows.nodes as Record<string, string | number | null>[];
    expect(lines).toEqual(nodes.map((row) => [...Object.values(row), ...period].map(toCell).join(',')));
  });

  test.skipIf(isSkipped).each([
    ['a report that fails', (text: string) => text.replace('30d', 'soon'), /filter\.last/],
    ['a wrong key', (text: string) => text.replace('curl ', `curl -H 'x-api-key: wrong' `), /API key/],
    [
      'no gateway',
      (text: string) => text.replace(/http:\S+/, 'http://127.0.0.1:9/graphql'),
      /Failed to connect|Couldn't/,
    ],
  ])('fails without a line on %s', async (_title, change, reason) => {
    await expect(run(change(command))).rejects.toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(reason) as string,
    });
  });

  const toCell = (value: string | number | null): string =>
    typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : String(value ?? '');
});

function hasCommand(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('Power Query gets a record per workload from a GET, with the columns that it names', async () => {
  const recipe = findBlock(recipes, 'Excel and Power BI (Power Query)', 'powerquery');
  const query = /Query = \[query = "((?:[^"]|"")*)"\]/.exec(recipe)![1]!.replaceAll('""', '"');
  const header = /Headers = \[#"([\w-]+)" =/.exec(recipe)![1]!;
  const path = [.../Answer((?:\[\w+\])+)/.exec(recipe)![1]!.matchAll(/\w+/g)].map(([name]) => name);
  const columns = [.../FromRecords\(Rows, \{([^}]*)\}/.exec(recipe)![1]!.matchAll(/\w+/g)].map(([name]) => name);
  const response = await fetch(`${url}?${new URLSearchParams({ query })}`, { headers: { [header]: KEY } });
  const rows = path.reduce((value: any, name) => value[name] as unknown, await response.json()) as object[];
  expect(rows.length).toBeGreaterThan(900);
  expect(Object.keys(rows[0]!)).toEqual(columns);
});

/** The parts of an Infinity query that determine its result. */
interface InfinityQuery {
  readonly url: string;
  readonly url_options: { readonly method: string; readonly body_graphql_query: string };
  readonly root_selector: string;
  readonly columns: readonly { readonly selector: string; readonly text: string; readonly type: string }[];
}

describe('Grafana', () => {
  const panels = recipes
    .filter(({ heading, language }) => heading.startsWith('Grafana') && language === 'json')
    .map(({ text }) => JSON.parse(text) as InfinityQuery);

  /** Selects like GJSON, which the backend parser uses: names and indexes, joined by dots. */
  const select = (value: unknown, selector: string): unknown =>
    selector.split('.').reduce((part: any, name) => part[name] as unknown, value);

  /** The table that Grafana makes: values by the titles of columns. */
  async function read({ url: shown, url_options: options, root_selector: root, columns }: InfinityQuery) {
    expect(new URL(shown).pathname).toBe('/graphql');
    const response = await fetch(url, {
      method: options.method,
      headers: { 'content-type': 'application/json', 'x-api-key': KEY },
      body: JSON.stringify({ query: options.body_graphql_query }),
    });
    const rows = select(await response.json(), root) as unknown[];
    return rows.map((row) => Object.fromEntries(columns.map(({ selector, text }) => [text, select(row, selector)])));
  }

  test('gets a point per day for the last 30 days and today', async () => {
    const points = await read(panels[0]!);
    expect(points).toHaveLength(31);
    const days = points.map(({ time }) => Date.parse(time as string));
    expect(days.every((day, at) => at === 0 || day === (days[at - 1] ?? NaN) + 86_400_000)).toBe(true);
    expect(points.every(({ cost, savings }) => Number(cost) > 0 && Number(savings) > 0)).toBe(true);
  });

  test('gets a row per team, and one for no team', async () => {
    const rows = await read(panels[1]!);
    const teams = await readTeams('30d');
    expect(rows.map(({ team }) => team)).toEqual(teams.map(({ keys }) => keys[0]!.value));
    expect(rows.map(({ cost }) => cost)).toEqual(teams.map(({ totals }) => totals.totalCost));
    expect(rows.reduce((sum, { share }) => sum + (share as number), 0)).toBeCloseTo(1, 6);
  });

  test('has a type for every column that matches its values', async () => {
    for (const panel of panels) {
      const [first = {}] = await read(panel);
      const fits = { timestamp: 'string', string: 'string', number: 'number' } as Record<string, string>;
      expect(panel.columns.map(({ text }) => typeof first[text])).toEqual(panel.columns.map(({ type }) => fits[type]));
    }
  });
});

type Create<T> = (url: string, token: string) => T;

interface QueryOptions {
  readonly queryKey: readonly string[];
  readonly queryFn: (context: { readonly signal?: AbortSignal }) => Promise<any>;
  readonly retry: (failures: number, error: unknown) => boolean;
}

interface Backstage {
  readonly fetchComponentCosts: (
    fetchApi: { readonly fetch: typeof fetch },
    url: string,
    component: string,
    label?: string,
  ) => Promise<{ readonly workloads: readonly object[] }>;
}

describe('the client code', () => {
  let frontend: Frontend;
  beforeAll(async () => {
    const client = (heading: string): string => findBlock(readme, heading, 'ts');
    frontend = compileFrontend({
      'generated.ts': await generateTypes(readText('schema/gateway.graphql'), `${TEAM_COSTS}\n${CHANGES}`),
      'apollo.ts': client('Apollo Client'),
      'urql.ts': client('urql'),
      'relay.ts': client('Relay'),
      'tanstack.ts': client('TanStack Query'),
      'backstage.ts': findBlock(recipes, 'Backstage', 'ts'),
      'script.ts': findBlock(recipes, 'A Node script with generated types', 'ts'),
    });
  });
  afterAll(() => {
    frontend.remove();
  });

  test('compiles without type errors', () => {
    expect([...frontend.diagnostics]).toEqual([]);
  });

  test('is all the code of the documents', () => {
    const shown = [...readme, ...recipes].filter(({ language }) => language === 'ts').map(({ heading }) => heading);
    const clients = ['Apollo Client', 'urql', 'Relay', 'TanStack Query'];
    // Tried manually: these need packages that are not installed here.
    const persisted = ['Apollo Client', ...Array<string>(2).fill('GraphQL Code Generator, for urql')];
    expect(shown).toEqual([...clients, 'Backstage', 'A Node script with generated types', ...persisted]);
  });

  test('for Apollo Client sends the token and reads costs', async () => {
    const { createClient }: { createClient: Create<ApolloClient> } = await frontend.load('apollo');
    const { data } = await createClient(url, KEY).query({ query: gql(TEAM_COSTS) as TypedDocumentNode<any> });
    expect(withoutTypenames(data.workloadCosts.breakdown.groups)).toMatchObject(await readTeams('7d'));
  });

  test('for urql sends the token and reads costs', async () => {
    const { createClient }: { createClient: Create<Client> } = await frontend.load('urql');
    const { data, error } = await createClient(url, KEY).query(TEAM_COSTS, {}).toPromise();
    expect(error).toBeUndefined();
    expect(withoutTypenames(data.workloadCosts.breakdown.groups)).toMatchObject(await readTeams('7d'));
  });

  test('for urql lists every type without an id', () => {
    const types = parse(readText('schema/gateway.graphql')).definitions.filter(
      (type) => type.kind === Kind.OBJECT_TYPE_DEFINITION && type.name.value !== 'Query',
    ) as ObjectTypeDefinitionNode[];
    const embedded = types.filter(({ fields = [] }) => fields.every(({ name }) => name.value !== 'id'));
    const [, listed = ''] = /const embedded = `([^`]*)`/.exec(findBlock(readme, 'urql', 'ts'))!;
    expect(listed.split(/\s+/)).toEqual(embedded.map(({ name }) => name.value));
  });

  test('for Relay sends the token and reads costs', async () => {
    const { createEnvironment }: { createEnvironment: Create<Environment> } = await frontend.load('relay');
    // Relay's compiler requires names that begin with the name of the file.
    const document = TEAM_COSTS.replace('TeamCosts', 'dashboardTeamCostsQuery');
    const requests = await compileForRelay([document]);
    const environment = createEnvironment(url, KEY);
    const data = (await relayRuntime
      .fetchQuery(environment, requests.get('dashboardTeamCostsQuery')!, {
        last: '7d',
      })
      .toPromise()) as any;
    expect(data.workloadCosts.breakdown.groups).toMatchObject(await readTeams('7d'));
  });

  test('for TanStack Query returns the key and the function of a query', async () => {
    const { teamCosts }: { teamCosts: (...args: string[]) => QueryOptions } = await frontend.load('tanstack');
    const options = teamCosts(url, KEY, '30d');
    expect(options.queryKey).toEqual(['teamCosts', url, KEY, '30d']);
    expect((await options.queryFn({})).workloadCosts.breakdown.groups).toEqual(await readTeams('30d'));
    await expect(options.queryFn({ signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  test('for TanStack Query retries retryable errors three times', async () => {
    const { teamCosts }: { teamCosts: (...args: string[]) => QueryOptions } = await frontend.load('tanstack');
    const failureOf = (...args: string[]) =>
      teamCosts(...args)
        .queryFn({})
        .catch((error: unknown) => error);
    const { retry } = teamCosts(url, KEY, '7d');
    const unreachable = await failureOf('http://127.0.0.1:9/graphql', KEY, '7d');
    await using down = startGateway('http://127.0.0.1:9', { SCALEOPS_MAX_ATTEMPTS: '1' });
    const failed = await failureOf(`${await down.gateway.listen()}/graphql`, KEY, '7d');
    expect([unreachable, failed].map((error) => [retry(2, error), retry(3, error)])).toEqual([
      [true, false],
      [true, false],
    ]);
    const refused = [await failureOf(url, 'wrong', '7d'), await failureOf(url, KEY, 'soon')];
    expect(refused.map((error) => retry(0, error))).toEqual([false, false]);
  });

  /** Adds the key, like the proxy of Backstage. */
  const proxied: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), 'x-api-key': KEY } });

  test('for Backstage gets the costs of a component by its label', async () => {
    const { fetchComponentCosts }: Backstage = await frontend.load('backstage');
    const costs = await fetchComponentCosts({ fetch: proxied }, url, 'suggest', 'app');
    const { data } = await send(
      '{ workloadCosts(filter: { last: "30d", labels: { labels: [{ key: "app", value: "suggest" }] } }) { totals { totalCost savingsAvailable } rows { totalCount } } }',
    );
    const { totals, rows } = data.workloadCosts;
    expect(costs).toMatchObject(totals);
    expect(costs.workloads).toHaveLength(Math.min(10, rows.totalCount as number));
    expect(await fetchComponentCosts({ fetch: proxied }, url, 'suggest')).toEqual({
      totalCost: 0,
      savingsAvailable: 0,
      workloads: [],
    });
  });

  test('for Backstage throws an error with the message of the gateway', async () => {
    const { fetchComponentCosts }: Backstage = await frontend.load('backstage');
    await expect(fetchComponentCosts({ fetch }, url, 'suggest')).rejects.toThrow(/API key/i);
  });

  test('of a Node script prints a line per team whose cost changed', async () => {
    // The script sends no key.
    await using open = await startStack({ ...onDemoData, env: { SCALEOPS_MULTI_CLUSTER: 'on' } });
    const { listChanges }: { listChanges: (url: string) => Promise<string[]> } = await frontend.load('script');
    const lines = await listChanges(`${await open.gateway.listen()}/graphql`);
    const { data } = await send(CHANGES, { unit: 'WEEK' });
    const { groups } = data.aggregatedCosts.comparison.breakdown as { groups: { keys: { value: string | null }[] }[] };
    expect(lines.map((line) => line.split(':')[0])).toEqual(groups.map(({ keys }) => keys[0]!.value ?? 'no team'));
    expect(lines.every((line) => /^[\w -]+: \d+\.\d\d \(-?\d+\.\d\d\)$/.test(line))).toBe(true);
  });
});

/** Without the `__typename` fields of normalizing caches. */
function withoutTypenames(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data, (key, value: unknown) => (key === '__typename' ? undefined : value)));
}
