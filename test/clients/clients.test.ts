// GraphQL clients with their default settings, over a socket.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { createClient as createUrql, fetchExchange } from '@urql/core';
import { request as graphqlRequest } from 'graphql-request';
import { createClient as createSse } from 'graphql-sse';
import { expect, test } from 'vitest';

import { startServer } from '../kit/clients/http-client.js';

const FIELDS = 'workloadCosts(filter: { multiCluster: true }) { rows(first: $first) { nodes { id totalCost } } }';
const QUERY = `query Costs($first: Int) { ${FIELDS} }`;
const variables = { first: 40 };

const CLIENTS: Readonly<Record<string, (endpoint: string) => Promise<unknown>>> = {
  '@apollo/client': async (uri) => {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri }) });
    return (await client.query({ query: gql(QUERY), variables })).data;
  },
  '@urql/core': async (url) => {
    const client = createUrql({ url, exchanges: [fetchExchange], preferGetMethod: 'within-url-limit' });
    const { data, error } = await client.query(QUERY, variables).toPromise();
    if (error !== undefined) throw error;
    return data as unknown;
  },
  'graphql-request': (url) => graphqlRequest({ url, document: QUERY, variables }),
  'graphql-sse': async (url) => {
    const client = createSse({ url, retryAttempts: 0 });
    const { value } = (await client.iterate({ query: QUERY, variables }).next()) as { value: { data: unknown } };
    client.dispose();
    return value.data;
  },
  'fetch of a spreadsheet': async (url) => {
    const search = new URLSearchParams({ query: QUERY, variables: JSON.stringify(variables) });
    return ((await (await fetch(`${url}?${search.toString()}`)).json()) as { data: unknown }).data;
  },
  curl: (url) => curl('--data-urlencode', `query=${QUERY}`, '--data-urlencode', 'variables={"first":40}', '-G', url),
  'curl with a body': (url) =>
    curl('-H', 'content-type: application/json', '-d', JSON.stringify({ query: QUERY, variables }), url),
  'curl --compressed': (url) =>
    curl(
      '--compressed',
      '-G',
      '--data-urlencode',
      `query=${QUERY.replace('$first)', '40)').replace('($first: Int)', '')}`,
      url,
    ),
};

async function curl(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--fail', ...args]);
  return (JSON.parse(stdout) as { data: unknown }).data;
}

test.each(Object.entries(CLIENTS))('%s gets data with its default settings, at each request', async (_, send) => {
  const { stack, url } = await startServer();
  for (let time = 0; time < 3; time += 1) {
    const data = (await send(`${url}/graphql`)) as any;
    expect(data.workloadCosts.rows.nodes).toHaveLength(40);
  }
  expect(stack.received).toHaveLength(1);
});
