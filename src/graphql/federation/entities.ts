// The entities that other subgraphs may refer to: clusters, namespaces, workloads. An entity is just its key; its existence
// is not checked, because the workloads that ScaleOps lists depend on the period and the filter.

import type { GraphQLResolveInfo } from 'graphql';

import type { GatewayContext } from '../../loaders/context.js';
import type { LoadedReport } from '../../loaders/report-loader.js';
import type { ReportRow } from '../../report/row.js';
import { toEntityId } from '../../report/opaque-id.js';
import { createEntityRequests, type EntityRef } from '../../report/entities/entity-request.js';
import { UserInputError } from '../../errors.js';
import { builder } from '../builder.js';
import { chargeSelectedFields } from '../response-budget.js';
import { toWorkloadCostsRequest, WorkloadCostsFilter } from '../inputs/filters.js';
import { assertAllowed, assertAllowedEntity } from '../inputs/authorize.js';
import { assertName } from '../inputs/validate.js';
import { CostReport } from '../types/report.js';
import type { Representation } from './subgraph.js';
import { recordNames, resolveName, toEntity, type Entity } from './entity-names.js';
import { CostRow } from '../types/row.js';

export const CLUSTER_KEY = ['name'] as const;
export const NAMESPACE_KEY = ['clusterName', 'name'] as const;
export const WORKLOAD_KEY = ['clusterName', 'namespace', 'type', 'name'] as const;

/** @cost for routers: many entities share few calls. */
const ENTITY_COST_WEIGHT = 10;

export const CLUSTER_NAME = 'The name of the Kubernetes cluster in ScaleOps, such as `prod-us-east-1`.';
export const NAMESPACE_NAME = 'The name of the Kubernetes namespace, such as `checkout`.';
export const CASE_INSENSITIVE = ' Case-insensitive.';
const AS_SPELLED = ' As ScaleOps spells it when the costs are selected too, otherwise as in the key.';
const ENTITY_ID = 'Opaque key for the caches of clients. Ignores case.';
const NULL_IF_ABSENT = 'Null when ScaleOps lists no workload in it for the period and filter.';

/** Loads the report of a cluster or namespace, in one batch with all others of the operation. */
function loadEntity(
  entity: EntityRef,
  filter: Parameters<typeof toWorkloadCostsRequest>[0],
  context: GatewayContext,
  { fieldNodes }: GraphQLResolveInfo,
): LoadedReport | null | Promise<LoadedReport | null> {
  const { budget, loaders, memoize, permissions } = context;
  // The operation fails as a whole, without an error per entity.
  if (budget.exceeded !== undefined) return null;
  // The report of an entity counts as an item, even if a cached report contains it.
  budget.chargeItems(1, 0);
  assertAllowedEntity(permissions, entity);
  // A field has the same arguments for every entity, so a long filter is validated once.
  const toEntityRequest = memoize([fieldNodes, 'filter'], () => {
    const request = toWorkloadCostsRequest(filter, true);
    assertAllowed(permissions, request);
    return createEntityRequests(request);
  });
  const entityRequest = toEntityRequest(entity);
  return entityRequest === undefined ? null : loaders.entity.load(entityRequest);
}

function findWorkload(
  loaded: LoadedReport,
  { type, name }: { readonly type: string; readonly name: string },
  context: GatewayContext,
  info: GraphQLResolveInfo,
) {
  const { report } = loaded;
  chargeSelectedFields(context, info);
  // The first lookup in a report builds its index.
  context.memoize([report, 'workloads'], () => {
    context.budget.chargeScan(report.rowCount);
  });
  return context.runReportQuery(report, { rows: 0 }, report.findWorkload(type, name, loaded));
}

function toNames({ clusterName, namespace, workloadType, workloadName }: ReportRow) {
  return { clusterName, namespace, type: workloadType, name: workloadName };
}

/** @throws UserInputError that names the field. */
function parseKey(representation: Representation, fields: readonly string[]): Record<string, string> {
  const entries = fields.map((field) => {
    const name = representation[field];
    if (typeof name !== 'string') throw new UserInputError(field, 'must be given, as a string.');
    assertName(field, name);
    return [field, name] as const;
  });
  return Object.fromEntries(entries);
}

/** Returns the extension in which @apollo/subgraph and subgraph.ts look for the reference resolver. */
function withReferences(key: readonly string[], field: 'cost' | 'costs') {
  const resolveReference = (representation: Representation, context: GatewayContext, info: GraphQLResolveInfo) =>
    toEntity(parseKey(representation, key), field, context, info);
  return { apollo: { subgraph: { resolveReference } } };
}

export const KubernetesCluster = builder.objectRef<Entity<'name'>>('KubernetesCluster').implement({
  description: 'A Kubernetes cluster and its costs.',
  directives: { key: { fields: CLUSTER_KEY.join(' ') }, cacheTag: { format: 'cluster-{$key.name}' } },
  extensions: withReferences(CLUSTER_KEY, 'costs'),
  fields: (t) => ({
    id: t.id({ description: ENTITY_ID, resolve: ({ name }) => toEntityId('KubernetesCluster', [name]) }),
    name: t.string({ description: CLUSTER_NAME + AS_SPELLED, resolve: resolveName('name') }),
    costs: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: ENTITY_COST_WEIGHT } },
      description: `The workload report of this cluster. ${NULL_IF_ABSENT}`,
      args: { filter: t.arg({ type: WorkloadCostsFilter, description: 'Which workloads of the cluster to list.' }) },
      resolve: (cluster, { filter }, context, info) =>
        recordNames(cluster, loadEntity({ clusterName: cluster.name }, filter, context, info), ({ report }) => ({
          name: report.firstName('clusterName'),
        })),
    }),
  }),
});

export const KubernetesNamespace = builder.objectRef<Entity<'clusterName' | 'name'>>('KubernetesNamespace').implement({
  description: 'A namespace of a Kubernetes cluster and its costs.',
  directives: {
    key: { fields: NAMESPACE_KEY.join(' ') },
    cacheTag: { format: 'namespace-{$key.clusterName}-{$key.name}' },
  },
  extensions: withReferences(NAMESPACE_KEY, 'costs'),
  fields: (t) => ({
    id: t.id({
      description: ENTITY_ID,
      resolve: ({ clusterName, name }) => toEntityId('KubernetesNamespace', [clusterName, name]),
    }),
    clusterName: t.string({ description: CLUSTER_NAME + AS_SPELLED, resolve: resolveName('clusterName') }),
    name: t.string({ description: NAMESPACE_NAME + AS_SPELLED, resolve: resolveName('name') }),
    costs: t.field({
      type: CostReport,
      nullable: true,
      directives: { cost: { weight: ENTITY_COST_WEIGHT } },
      description: `The workload report of this namespace. ${NULL_IF_ABSENT}`,
      args: { filter: t.arg({ type: WorkloadCostsFilter, description: 'Which workloads of the namespace to list.' }) },
      resolve(namespace, { filter }, context, info) {
        const { clusterName, name } = namespace;
        const loaded = loadEntity({ clusterName, namespace: name }, filter, context, info);
        return recordNames(namespace, loaded, ({ report }) => ({
          clusterName: report.firstName('clusterName'),
          name: report.firstName('namespace'),
        }));
      },
    }),
  }),
});

export const KubernetesWorkload = builder
  .objectRef<Entity<(typeof WORKLOAD_KEY)[number]>>('KubernetesWorkload')
  .implement({
    description: 'A workload: a Deployment, a StatefulSet or another owner of pods.',
    directives: {
      key: { fields: WORKLOAD_KEY.join(' ') },
      cacheTag: { format: 'workload-{$key.clusterName}-{$key.namespace}-{$key.type}-{$key.name}' },
    },
    extensions: withReferences(WORKLOAD_KEY, 'cost'),
    fields: (t) => ({
      id: t.id({
        description: ENTITY_ID,
        resolve: ({ clusterName, namespace, type, name }) =>
          toEntityId('KubernetesWorkload', [clusterName, namespace, type, name]),
      }),
      clusterName: t.string({ description: CLUSTER_NAME + AS_SPELLED, resolve: resolveName('clusterName') }),
      namespace: t.string({ description: NAMESPACE_NAME + AS_SPELLED, resolve: resolveName('namespace') }),
      type: t.string({
        description: `The kind of the workload, such as \`Deployment\`.${AS_SPELLED}`,
        resolve: resolveName('type'),
      }),
      name: t.string({ description: `The name of the workload.${AS_SPELLED}`, resolve: resolveName('name') }),
      cost: t.field({
        type: CostRow,
        nullable: true,
        directives: { cost: { weight: ENTITY_COST_WEIGHT } },
        description:
          'The row of the workload in the report of its namespace, or the sum of its rows: null for numbers that one of them ' +
          'lacks. `share` is relative to that report. Null when ScaleOps does not list the workload for the period.',
        args: {
          last: t.arg({
            type: 'CostDuration',
            description: 'How far back from now: `24h`, `7d`, `30d`. By default ScaleOps decides.',
          }),
        },
        resolve(workload, filter, context, info) {
          const { clusterName, namespace, type, name } = workload;
          const find = (loaded: LoadedReport | null) => loaded && findWorkload(loaded, { type, name }, context, info);
          const loaded = loadEntity({ clusterName, namespace }, filter, context, info);
          const row = loaded instanceof Promise ? loaded.then(find) : find(loaded);
          return recordNames(workload, row, toNames);
        },
      }),
    }),
  });
