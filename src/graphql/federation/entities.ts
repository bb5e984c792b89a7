// What other subgraphs may refer to: clusters, namespaces, workloads. An entity is its key, given back for any that could
// be one; ScaleOps is asked when costs are. Whether it lists something depends on the time and the filter asked about.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext, LoadedReport } from '../../loaders/context.js';
import type { ReportRow } from '../../report/row.js';
import { createScopedRequests, type EntityScope } from '../../report/scopes/scope.js';
import { runAll } from '../../report/steps.js';
import { spend } from '../response-budget.js';
import { builder } from '../builder.js';
import { checkName } from '../inputs/validate.js';
import { toWorkloadCostsRequest, WorkloadCostsFilter } from '../inputs/filters.js';
import { checkGranted, checkGrantedScope } from '../inputs/authorize.js';
import { CostReport } from '../types/report.js';
import { parseKey, type Representation } from './representations.js';
import { CostRow } from '../types/row.js';

const CLUSTER_KEY = ['name'] as const;
const NAMESPACE_KEY = ['clusterName', 'name'] as const;
const WORKLOAD_KEY = ['clusterName', 'namespace', 'type', 'name'] as const;

/** What a router reckons with: however many entities are asked about, they are few calls. */
const SHARE_OF_A_CALL = 10;

type Key<Fields extends readonly string[]> = Readonly<Record<Fields[number], string>>;

const CLUSTER = 'The name of the Kubernetes cluster, as ScaleOps has it.';
const NAMESPACE = 'The name of the Kubernetes namespace.';
const CASE = ' Compared without regard to case.';
const NOTHING = 'Null, and no error, where ScaleOps lists no workload of it for that time and filter.';

/** A filter below an entity is about a cluster that is named, by where it stands. */
const MULTI_CLUSTER = true;

/** The report of a part of the fleet, read together with all others that the operation asks for. */
function loadScope(
  scope: EntityScope,
  filter: Parameters<typeof toWorkloadCostsRequest>[0],
  context: GatewayContext,
  { fieldNodes }: GraphQLResolveInfo,
): Promise<LoadedReport | null> | null {
  if (!spend(context, 1)) return null;
  const { loaders, once, grants } = context;
  checkGrantedScope(grants, scope);
  // One field of a document has the same arguments for every entity: a long filter is read once for all of them.
  const toScoped = once([fieldNodes], () => {
    const request = toWorkloadCostsRequest(filter, MULTI_CLUSTER);
    checkGranted(grants, request);
    return createScopedRequests(request);
  });
  const scoped = toScoped(scope);
  return scoped === undefined ? null : loaders.scope.load(scoped);
}

/** How a reference to an entity is resolved, where @apollo/subgraph has it, and subgraph.ts looks. */
function withReferences(key: readonly string[]) {
  return { apollo: { subgraph: { resolveReference: (given: Representation) => parseKey(given, key) } } };
}

export const Cluster = builder.objectRef<Key<typeof CLUSTER_KEY>>('Cluster').implement({
  description: 'A Kubernetes cluster, and what runs on it costs.',
  directives: { key: { fields: CLUSTER_KEY.join(' ') }, cacheTag: { format: 'cluster-{$key.name}' } },
  extensions: withReferences(CLUSTER_KEY),
  fields: (t) => ({
    name: t.exposeString('name', { description: CLUSTER + CASE }),
    costs: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: SHARE_OF_A_CALL } },
      description: `The workload report of this cluster alone. ${NOTHING}`,
      args: {
        filter: t.arg({ type: WorkloadCostsFilter, description: 'Which of the workloads of the cluster to list.' }),
      },
      resolve: ({ name }, { filter }, context, info) => loadScope({ clusterName: name }, filter, context, info),
    }),
  }),
});

export const Namespace = builder.objectRef<Key<typeof NAMESPACE_KEY>>('Namespace').implement({
  description: 'A namespace of a Kubernetes cluster, and what runs in it costs.',
  directives: {
    key: { fields: NAMESPACE_KEY.join(' ') },
    cacheTag: { format: 'namespace-{$key.clusterName}-{$key.name}' },
  },
  extensions: withReferences(NAMESPACE_KEY),
  fields: (t) => ({
    clusterName: t.exposeString('clusterName', { description: CLUSTER + CASE }),
    name: t.exposeString('name', { description: NAMESPACE + CASE }),
    costs: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: SHARE_OF_A_CALL } },
      description: `The workload report of this namespace alone. ${NOTHING}`,
      args: {
        filter: t.arg({ type: WorkloadCostsFilter, description: 'Which of the workloads of the namespace to list.' }),
      },
      resolve: ({ clusterName, name }, { filter }, context, info) =>
        loadScope({ clusterName, namespace: name }, filter, context, info),
    }),
  }),
});

export const Workload = builder.objectRef<Key<typeof WORKLOAD_KEY>>('Workload').implement({
  description: 'A workload: a Deployment, a StatefulSet or another kind of owner of pods.',
  directives: {
    key: { fields: WORKLOAD_KEY.join(' ') },
    cacheTag: { format: 'workload-{$key.clusterName}-{$key.namespace}-{$key.type}-{$key.name}' },
  },
  extensions: withReferences(WORKLOAD_KEY),
  fields: (t) => ({
    clusterName: t.exposeString('clusterName', { description: CLUSTER + CASE }),
    namespace: t.exposeString('namespace', { description: NAMESPACE + CASE }),
    type: t.exposeString('type', { description: `The kind of the workload, such as \`Deployment\`.${CASE}` }),
    name: t.exposeString('name', { description: `The name of the workload.${CASE}` }),
    cost: t.field({
      type: CostRow,
      nullable: true,
      directives: { cost: { weight: SHARE_OF_A_CALL } },
      description:
        'The row of the workload in the report of its namespace, so that `share` is its part of what the namespace costs. ' +
        'However many workloads an operation asks about, ScaleOps is asked once for as many as possible. ' +
        'Null, and no error, where ScaleOps does not list the workload for that time.',
      args: {
        last: t.arg({
          type: 'Duration',
          description: 'The time up to now that the costs are of, such as `30d`. Left out, ScaleOps decides.',
        }),
      },
      resolve: ({ clusterName, namespace, type, name }, filter, context, info) =>
        loadScope({ clusterName, namespace }, filter, context, info)?.then(
          (loaded) => loaded && runAll(loaded.report.findWorkload(type, name)),
        ),
    }),
  }),
});

builder.queryFields((t) => ({
  cluster: t.field({
    type: Cluster,
    nullable: true,
    description: 'The cluster of this name, whether ScaleOps knows it or not: its `costs` are null then.',
    directives: { cacheTag: { format: 'cluster-{$args.name}' } },
    args: { name: t.arg.string({ required: true, description: CLUSTER + CASE }) },
    resolve: (_root, key) => checkKey(key, CLUSTER_KEY),
  }),
  namespace: t.field({
    type: Namespace,
    nullable: true,
    description: 'The namespace of this name, whether ScaleOps knows it or not: its `costs` are null then.',
    directives: { cacheTag: { format: 'namespace-{$args.clusterName}-{$args.name}' } },
    args: {
      clusterName: t.arg.string({ required: true, description: CLUSTER + CASE }),
      name: t.arg.string({ required: true, description: NAMESPACE + CASE }),
    },
    resolve: (_root, key) => checkKey(key, NAMESPACE_KEY),
  }),
  workload: t.field({
    type: Workload,
    nullable: true,
    description: 'The workload of this name, whether ScaleOps knows it or not: its `cost` is null then.',
    directives: {
      cacheTag: { format: 'workload-{$args.clusterName}-{$args.namespace}-{$args.type}-{$args.name}' },
    },
    args: {
      clusterName: t.arg.string({ required: true, description: CLUSTER + CASE }),
      namespace: t.arg.string({ required: true, description: NAMESPACE + CASE }),
      type: t.arg.string({ required: true, description: `The kind, such as \`Deployment\`.${CASE}` }),
      name: t.arg.string({ required: true, description: `The name of the workload.${CASE}` }),
    },
    resolve: (_root, key) => checkKey(key, WORKLOAD_KEY),
  }),
}));

/** @throws UserInputError that names the argument and the rule it breaks. */
function checkKey<Fields extends readonly string[]>(key: Key<Fields>, fields: Fields): Key<Fields> {
  for (const field of fields) checkName(field, key[field as Fields[number]]);
  return key;
}

builder.objectFields(CostRow, (t) => ({
  cluster: t.field({
    type: Cluster,
    nullable: true,
    description: 'The cluster of the row, for its other costs and for what other services know of it.',
    resolve: ({ clusterName }) => (clusterName === null ? null : { name: clusterName }),
  }),
  namespaceEntity: t.field({
    type: Namespace,
    nullable: true,
    description:
      'The namespace of the row, for its other costs and for what other services know of it. ' +
      'The field `namespace` is its name alone, as in the REST API.',
    resolve: ({ clusterName, namespace }) =>
      clusterName === null || namespace === null ? null : { clusterName, name: namespace },
  }),
  workload: t.field({
    type: Workload,
    nullable: true,
    description:
      'The workload of the row, for its costs over another time and for what other services know of it. ' +
      'Null in a row that covers several.',
    resolve: toWorkload,
  }),
}));

function toWorkload({ clusterName, namespace, workloadType: type, workloadName: name }: ReportRow) {
  if (clusterName === null || namespace === null || type === null || name === null) return null;
  return { clusterName, namespace, type, name };
}
