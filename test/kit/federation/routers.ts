// The routers in front of the gateway, on real sockets: composition of subgraphs, Apollo's gateway and Hive Gateway, and a
// recorder of their requests to the gateway.

import { once } from 'node:events';
import {
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { composeServices } from '@apollo/composition';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { federateSubgraphs, federateSubgraphsWithContracts, type FederationSuccess } from '@wundergraph/composition';
import { parse, print } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext } from 'graphql-yoga';

import type { Gateway } from '../../../src/app/gateway.js';
import { CATALOGUE_SDL, startCatalogue, type Catalogue, type Service } from './catalogue.js';
import { sendQuery, type GraphqlResponse } from '../gateway.js';

// Composition.

export interface Subgraph {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

/** The SDL of the subgraph. */
export async function fetchSdl(url: string, headers: Record<string, string> = {}): Promise<string> {
  const { data, text } = await sendQuery(fetch, '{ _service { sdl } }', undefined, { headers }, url);
  const sdl = data?._service?.sdl as unknown;
  if (typeof sdl !== 'string') throw new Error(`no subgraph: ${text}`);
  return sdl;
}

/** @throws Error with all problems. */
export function composeWithApollo(...subgraphs: readonly Subgraph[]) {
  const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const { supergraphSdl, hints, errors } = composeServices(services);
  if (errors !== undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  return { supergraphSdl, hints: hints.map(String) };
}

/** @throws Error with all problems. */
export function composeWithWunderGraph(...subgraphs: readonly Subgraph[]): FederationSuccess {
  return orThrow(federateSubgraphs({ subgraphs: subgraphs.map(toWunderGraph) }));
}

/** A contract of a supergraph, selected by tags. @throws Error with all problems. */
export function composeContract(
  { include = [], exclude = [] }: { readonly include?: readonly string[]; readonly exclude?: readonly string[] },
  ...subgraphs: readonly Subgraph[]
): FederationSuccess {
  const tags = { tagNamesToInclude: new TagSet(include), tagNamesToExclude: new TagSet(exclude) };
  const { federationResultByContractName: contracts } = orThrow(
    federateSubgraphsWithContracts({
      subgraphs: subgraphs.map(toWunderGraph),
      tagOptionsByContractName: new Map([['contract', tags]]),
    }),
  );
  return orThrow(contracts.get('contract')!);
}

/** Adds two methods of Set that WunderGraph uses, and that Node has from 22 on. */
class TagSet extends Set<string> {
  isDisjointFrom(other: ReadonlySet<string>): boolean {
    return ![...this].some((name) => other.has(name));
  }
}

const toWunderGraph = ({ name, url, sdl }: Subgraph) => ({ name, url, definitions: parse(sdl) });

function orThrow<T extends { readonly success: boolean; readonly errors?: readonly Error[] }>(result: T) {
  if (result.success) return result as Extract<T, { readonly success: true }>;
  throw new Error(result.errors?.map(({ message }) => message).join('\n'));
}

// Routers.

export interface Router extends AsyncDisposable {
  /** Sends an operation over a connection, like a client of the supergraph. */
  send(query: string, variables?: unknown, headers?: Record<string, string>): Promise<GraphqlResponse>;
}

export interface RouterKind {
  readonly name: string;
  /**
   * Whether error paths below entities have exact indexes. Hive omits the index of the last list, and uses the first
   * entity's index before: https://github.com/graphql-hive/gateway/pull/1556
   */
  readonly hasExactPaths: boolean;
  readonly start: (supergraphSdl: string) => Promise<Router>;
}

/** The headers that both pass to every subgraph; operators choose them. */
const FORWARDED = ['authorization', 'x-request-id'];

export const ROUTERS: readonly RouterKind[] = [
  { name: '@apollo/gateway', hasExactPaths: true, start: startApolloGateway },
  { name: 'Hive Gateway', hasExactPaths: false, start: startHiveGateway },
];

/** Apollo's gateway from its package, not loaded. */
export function createApolloGateway(supergraphSdl: string): ApolloGateway {
  // Otherwise it looks for its cloud environment, and reports to Apollo.
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  return new ApolloGateway({
    supergraphSdl,
    buildService: ({ url }) =>
      new RemoteGraphQLDataSource({
        url: url!,
        willSendRequest({ request, context }) {
          const { headers } = context as { readonly headers: Headers };
          for (const name of FORWARDED) {
            const value = headers.get(name);
            if (value !== null) request.http?.headers.set(name, value);
          }
        },
      }),
  });
}

/** A library that plans and executes for the server around it: Yoga here. */
async function startApolloGateway(supergraphSdl: string): Promise<Router> {
  const gateway = createApolloGateway(supergraphSdl);
  const { schema, executor } = await gateway.load();
  const plan: Plugin<YogaInitialContext> = {
    onExecute({ args: { document, operationName, variableValues, contextValue }, setExecuteFn }) {
      const source = print(document);
      const { headers } = contextValue.request;
      const context = {
        request: { query: source, operationName, variables: variableValues },
        document,
        source,
        queryHash: source,
        operationName,
        schema,
        context: { headers },
        logger: console,
        metrics: {},
      } as unknown as Parameters<typeof executor>[0];
      setExecuteFn(() => executor(context));
    },
  };
  const yoga = createYoga({ schema, plugins: [plan], logging: false, maskedErrors: false });
  return listen(
    (request, response) => void yoga(request, response),
    async () => {
      await yoga.dispose();
      await gateway.stop();
    },
  );
}

async function startHiveGateway(supergraphSdl: string): Promise<Router> {
  const runtime = createGatewayRuntime({
    supergraph: supergraphSdl,
    logging: false,
    maskedErrors: false,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) =>
        Object.fromEntries(FORWARDED.map((name) => [name, request.headers.get(name)])),
    },
  });
  return listen(
    (request, response) => void runtime(request, response),
    async () => {
      await runtime.dispose();
    },
  );
}

export interface Supergraph extends AsyncDisposable {
  readonly send: Router['send'];
  /** The router's requests to the gateway, with the responses. */
  readonly fetches: readonly RecordedFetch[];
  readonly catalogue: Catalogue;
}

/** A router of this kind in front of the gateway and a catalogue of these services. */
export async function startSupergraph(
  kind: RouterKind,
  gateway: Gateway,
  services: readonly Service[],
  headers?: Record<string, string>,
): Promise<Supergraph> {
  const url = `${await gateway.listen()}/graphql`;
  const recorder = await startRecorder(url);
  const catalogue = await startCatalogue(services);
  const router = await kind.start(toSupergraph(await fetchSdl(url, headers), recorder.url, catalogue.url));
  return {
    send: router.send,
    fetches: recorder.fetches,
    catalogue,
    async [Symbol.asyncDispose]() {
      for (const part of [router, catalogue, recorder]) await part[Symbol.asyncDispose]();
    },
  };
}

const templates = new Map<string, string>();

/** Composes each schema once: composition takes longer than most tests, and only addresses change. */
function toSupergraph(sdl: string, costsUrl: string, catalogueUrl: string): string {
  let template = templates.get(sdl);
  if (template === undefined) {
    template = composeWithApollo(
      { name: 'costs', url: 'http://costs.invalid', sdl },
      { name: 'catalogue', url: 'http://catalogue.invalid', sdl: CATALOGUE_SDL },
    ).supergraphSdl;
    templates.set(sdl, template);
  }
  return template.replace('http://costs.invalid', costsUrl).replace('http://catalogue.invalid', catalogueUrl);
}

// Sockets.

async function listen(listener: RequestListener, close: () => Promise<void>): Promise<Router & { url: string }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return {
    url,
    send: (query, variables, headers) => sendQuery(fetch, query, variables, { headers: headers ?? {} }, url),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await close();
    },
  };
}

interface RecordedFetch {
  readonly query: string;
  readonly variables: Readonly<Record<string, any>>;
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
}

export interface Recorder extends AsyncDisposable {
  readonly url: string;
  /** The requests and responses, in order of the responses. */
  readonly fetches: readonly RecordedFetch[];
}

/** A proxy in front of the gateway. */
export async function startRecorder(target: string): Promise<Recorder> {
  const fetches: RecordedFetch[] = [];
  const { url, ...server } = await listen(
    (incoming, outgoing) => {
      const forward = async (): Promise<void> => {
        const body = await buffer(incoming);
        const { method, headers } = incoming;
        const request = sendRequest(target, { method, headers });
        request.end(body);
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const { statusCode: status = 0, headers: responseHeaders } = response;
        const { query, variables = {} } = JSON.parse(String(body)) as Pick<RecordedFetch, 'query'> &
          Partial<RecordedFetch>;
        fetches.push({ query, variables, headers, status });
        outgoing.writeHead(status, responseHeaders).end(await buffer(response));
      };
      forward().catch(() => outgoing.destroy());
    },
    () => Promise.resolve(),
  );
  return { url, fetches, [Symbol.asyncDispose]: server[Symbol.asyncDispose] };
}
