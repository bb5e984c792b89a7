// Normalizing caches of clients with their defaults and the settings of the README: each query reads exactly its own
// response, whatever other queries the client sent.

import { readFileSync } from 'node:fs';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startStack, type TestStack } from '../kit/gateway.js';
import { LISTS, PAGED, QUERIES, TABLE, TEAMS, toPages, WEEK_AND_MONTH } from '../kit/clients/client-caches/queries.js';
import { compileForRelay, RelayClient } from '../kit/clients/client-caches/relay.js';

const URL = 'http://gateway/graphql';
const PAGES = toPages('');
const PAGE_SIZE = 7;

/** One client. `read` reads from its cache only. */
interface CachingClient {
  send(query: string, variables: object): Promise<unknown>;
  /** Loads the page after `after` with the client's own pagination. */
  fetchMore(variables: object, after: string): Promise<unknown>;
  read(query: string, variables: object): unknown;
  /** The rows of the first page and of the pages after these cursors, oldest cursor first. */
  readPages(variables: object, cursors: readonly string[]): Rows;
}

interface Rows {
  readonly edges: readonly unknown[];
  readonly endCursor: string;
}

let stack: TestStack;
let relayRequests: Awaited<ReturnType<typeof compileForRelay>>;
beforeAll(async () => {
  stack = await startStack({ simulator: { workloads: 150 } });
  const documents = [TABLE, WEEK_AND_MONTH, TEAMS, LISTS, toPages(' @connection(key: "dashboard_rows")')];
  relayRequests = await compileForRelay(documents);
});
afterAll(() => stack[Symbol.asyncDispose]());

const send = async (input: RequestInfo | globalThis.URL, init?: RequestInit): Promise<Response> =>
  stack.gateway.fetch(new Request(input, init));

function createApollo(): CachingClient {
  const typePolicies = {
    CostReport: { fields: { rows: relayStylePagination(['where', 'orderBy', 'first', 'last']) } },
  };
  const cache = new InMemoryCache({ typePolicies });
  const client = new ApolloClient({ cache, link: new HttpLink({ uri: URL, fetch: send }) });
  const read: CachingClient['read'] = (query, variables) => cache.readQuery({ query: gql(query), variables });
  return {
    send: (query, variables) => client.query({ query: gql(query), variables }),
    fetchMore: async (variables, after) => {
      const watched = client.watchQuery({ query: gql(PAGES), variables });
      await watched.fetchMore({ variables: { after } });
    },
    read,
    readPages: (variables) => toRows(read(PAGES, variables)),
  };
}

function createUrql(): CachingClient {
  const exchange = cacheExchange({
    keys: {
      CostBreakdown: () => null,
      CostGroup: () => null,
      CostGroupKey: () => null,
      CostLabel: () => null,
      CostRowConnection: () => null,
      CostRowEdge: () => null,
      CostTotals: () => null,
      CostWindow: () => null,
      PageInfo: () => null,
    },
  });
  const client = new Client({ url: URL, fetch: send, exchanges: [exchange, fetchExchange], preferGetMethod: false });
  const sendQuery = async (query: string, variables: object): Promise<void> => {
    const { error } = await client.query(query, variables).toPromise();
    if (error !== undefined) throw error;
  };
  const read: CachingClient['read'] = (query, variables) =>
    client.readQuery(query, variables, { requestPolicy: 'cache-only' })?.data as unknown;
  return {
    send: sendQuery,
    fetchMore: (variables, after) => sendQuery(PAGES, { ...variables, after }),
    read,
    // Each page is a separate list, and the application joins them.
    readPages: (variables, cursors) => {
      const pages = [undefined, ...cursors].map((after) => toRows(read(PAGES, { ...variables, after })));
      return { edges: pages.flatMap(({ edges }) => edges), endCursor: pages.at(-1)!.endCursor };
    },
  };
}

function createRelay(): CachingClient {
  const client = new RelayClient(relayRequests, async (body) => {
    const headers = { 'content-type': 'application/json' };
    return (await (await send(URL, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as object;
  });
  const nameOf = (query: string): string => /query (\w+)/.exec(query)![1]!;
  return {
    send: (query, variables) => client.send(nameOf(query), variables),
    fetchMore: (variables, after) => client.send(nameOf(PAGES), { ...variables, after }),
    read: (query, variables) => client.read(nameOf(query), variables),
    readPages: (variables) => toRows(client.read(nameOf(PAGES), variables)),
  };
}

/** Without additions of clients: type names, and internal fields of Relay. */
function strip(data: unknown): unknown {
  const isOwn = (key: string): boolean => !key.startsWith('__');
  return JSON.parse(JSON.stringify(data ?? null, (key, value: unknown) => (isOwn(key) ? value : undefined)));
}

describe.each([
  ['Apollo Client', createApollo],
  ['urql Graphcache', createUrql],
  ['Relay', createRelay],
])('%s', (_name, create) => {
  test('reads the response of each query after one client has sent all of them', async () => {
    const client = create();
    for (const { query, variables } of QUERIES) await client.send(query, variables);
    for (const { query, variables } of QUERIES) {
      const { data, errors } = await stack.send(query, variables);
      expect(errors).toEqual([]);
      expect(strip(client.read(query, variables))).toEqual(data);
    }
  });

  test('reads the rows of all pages, in two windows and beside short lists of the same report', async () => {
    const client = create();
    const seen = PAGED.map((of) => ({ variables: { ...of, first: PAGE_SIZE }, cursors: [] as string[] }));
    for (const { variables } of seen) await client.send(PAGES, variables);
    for (const variables of PAGED) await client.send(LISTS, variables);
    for (let page = 0; page < 2; page += 1) {
      for (const { variables, cursors } of seen) {
        const { endCursor } = client.readPages(variables, cursors);
        await client.fetchMore(variables, endCursor);
        cursors.push(endCursor);
      }
    }
    for (const { variables, cursors } of seen) {
      const { data } = await stack.send(PAGES, { ...variables, first: 3 * PAGE_SIZE });
      expect(client.readPages(variables, cursors)).toEqual(toRows(data));
      expect(strip(client.read(LISTS, variables))).toEqual((await stack.send(LISTS, variables)).data);
    }
  });
});

function toRows(data: unknown): Rows {
  const { edges, pageInfo } = (strip(data) as { workloadCosts: { rows: any } }).workloadCosts.rows;
  return { edges, endCursor: pageInfo.endCursor };
}

test('uses the type policies of the README', () => {
  const read = (path: string) => readFileSync(new globalThis.URL(path, import.meta.url), 'utf8');
  const find = (text: string) => /^ *const typePolicies = [^;]*;$/m.exec(text)?.[0].replaceAll(/\s+/g, ' ').trim();
  expect(find(read('../../README.md'))).toBe(find(read(import.meta.url)));
});
