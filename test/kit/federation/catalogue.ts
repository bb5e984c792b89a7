// A second subgraph: a catalogue of services that knows the owners of workloads and the regions of clusters, but no costs.
// It refers to workloads by key, adds fields to clusters and namespaces, and has Relay pages. Its services come from the
// simulator's fleet.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';

import { createFleet } from '../../../src/simulator/fleet.js';

export interface WorkloadKey {
  readonly clusterName: string;
  readonly namespace: string;
  readonly type: string;
  readonly name: string;
}

export interface Service {
  readonly name: string;
  readonly owner: string;
  readonly workloads: readonly WorkloadKey[];
}

export interface Catalogue extends AsyncDisposable {
  readonly url: string;
  /** The headers of each request while it was up, in order. */
  readonly requests: readonly Headers[];
  /** While it is down, every request gets 503. */
  setDown(isDown: boolean): void;
}

export const CATALOGUE_SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type Query {
    services(first: Int): [Service!]!
    service(name: String!): Service
    servicePage(first: Int!): ServiceConnection!
  }

  type ServiceConnection {
    nodes: [Service!]!
    pageInfo: PageInfo!
  }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type Service {
    name: String!
    owner: String!
    workloads: [KubernetesWorkload!]!
    clusters: [KubernetesCluster!]!
    namespaces: [KubernetesNamespace!]!
  }

  type KubernetesWorkload @key(fields: "clusterName namespace type name", resolvable: false) {
    clusterName: String!
    namespace: String!
    type: String!
    name: String!
  }

  type KubernetesCluster @key(fields: "name") {
    name: String!
    region: String
    owner: String
  }

  type KubernetesNamespace @key(fields: "clusterName name") {
    clusterName: String!
    name: String!
    team: String
  }
`;

/** One service for each workload name in a namespace, across clusters and kinds. */
export function servicesOfFleet(workloadCount: number): readonly Service[] {
  const services = new Map<string, WorkloadKey[]>();
  for (const { clusterName, namespace, type, name } of createFleet(workloadCount).workloads) {
    const service = `${namespace}/${name}`;
    const workloads = services.get(service) ?? [];
    workloads.push({ clusterName, namespace, type, name });
    services.set(service, workloads);
  }
  return [...services].map(([name, workloads]) => ({ name, owner: `owner-of-${name}`, workloads }));
}

/** The region of any cluster, known or not. */
export const regionOf = (clusterName: string): string => `region-of-${clusterName}`;
export const teamOf = (clusterName: string, namespace: string): string => `team-of-${clusterName}/${namespace}`;

export async function startCatalogue(services: readonly Service[]): Promise<Catalogue> {
  const requests: Headers[] = [];
  let isDown = false;
  const yoga = createYoga({
    schema: buildSubgraphSchema({ typeDefs: parse(CATALOGUE_SDL), resolvers: createResolvers(services) }),
    context: ({ request }) => {
      requests.push(request.headers);
    },
    logging: false,
  });
  const server = createServer((request, response) => {
    if (isDown) request.resume().once('end', () => response.writeHead(503).end());
    else void yoga(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    requests,
    setDown: (value) => {
      isDown = value;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await yoga.dispose();
    },
  };
}

function createResolvers(services: readonly Service[]) {
  const toCluster = ({ name }: { readonly name: string }) => ({
    name,
    region: regionOf(name),
    owner: `owner-of-${name}`,
  });
  const toNamespace = ({ clusterName, name }: Pick<WorkloadKey, 'clusterName' | 'name'>) => ({
    clusterName,
    name,
    team: teamOf(clusterName, name),
  });
  return {
    Query: {
      services: (_: unknown, { first }: { readonly first?: number }) => services.slice(0, first),
      service: (_: unknown, { name }: { readonly name: string }) => services.find((service) => service.name === name),
      servicePage: (_: unknown, { first }: { readonly first: number }) => ({
        nodes: services.slice(0, first),
        pageInfo: { hasNextPage: services.length > first, hasPreviousPage: false },
      }),
    },
    Service: {
      clusters: ({ workloads }: Service) =>
        unique(
          workloads.map(({ clusterName }) => toCluster({ name: clusterName })),
          ({ name }) => name,
        ),
      namespaces: ({ workloads }: Service) =>
        unique(
          workloads.map(({ clusterName, namespace }) => toNamespace({ clusterName, name: namespace })),
          ({ team }) => team,
        ),
    },
    KubernetesCluster: { __resolveReference: toCluster },
    KubernetesNamespace: { __resolveReference: toNamespace },
  };
}

function unique<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
