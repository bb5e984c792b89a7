// The fields that return entities: those of Query, by name, and those of rows.

import { builder } from '../builder.js';
import { assertCount, assertName } from '../inputs/validate.js';
import { chargeItems } from '../response-budget.js';
import { CostRow } from '../types/row.js';
import {
  CASE_INSENSITIVE,
  KubernetesCluster,
  CLUSTER_KEY,
  CLUSTER_NAME,
  KubernetesNamespace,
  NAMESPACE_KEY,
  NAMESPACE_NAME,
  KubernetesWorkload,
  WORKLOAD_KEY,
} from './entities.js';
import { toEntity } from './entity-names.js';

const MAX_WORKLOADS = 1_000;
const NOT_CHECKED = 'Existence is not checked: the costs are null when ScaleOps does not know it.';

const KubernetesWorkloadKey = builder.inputType('KubernetesWorkloadKey', {
  description: 'Names one workload.',
  fields: (t) => ({
    clusterName: t.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }),
    namespace: t.string({ required: true, description: NAMESPACE_NAME + CASE_INSENSITIVE }),
    type: t.string({ required: true, description: `The kind, such as \`Deployment\`.${CASE_INSENSITIVE}` }),
    name: t.string({ required: true, description: `The name of the workload.${CASE_INSENSITIVE}` }),
  }),
});

builder.queryFields((t) => ({
  kubernetesCluster: t.field({
    type: KubernetesCluster,
    nullable: true,
    description: `A cluster by name. ${NOT_CHECKED}`,
    directives: { cacheTag: { format: 'cluster-{$args.name}' } },
    args: { name: t.arg.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }) },
    resolve: (_root, key, context, info) => toEntity(assertKey(key, CLUSTER_KEY), 'costs', context, info),
  }),
  kubernetesNamespace: t.field({
    type: KubernetesNamespace,
    nullable: true,
    description: `A namespace by name. ${NOT_CHECKED}`,
    directives: { cacheTag: { format: 'namespace-{$args.clusterName}-{$args.name}' } },
    args: {
      clusterName: t.arg.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }),
      name: t.arg.string({ required: true, description: NAMESPACE_NAME + CASE_INSENSITIVE }),
    },
    resolve: (_root, key, context, info) => toEntity(assertKey(key, NAMESPACE_KEY), 'costs', context, info),
  }),
  kubernetesWorkload: t.field({
    type: KubernetesWorkload,
    nullable: true,
    description: `A workload by name. ${NOT_CHECKED}`,
    directives: { cacheTag: { format: 'workload-{$args.clusterName}-{$args.namespace}-{$args.type}-{$args.name}' } },
    args: {
      clusterName: t.arg.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }),
      namespace: t.arg.string({ required: true, description: NAMESPACE_NAME + CASE_INSENSITIVE }),
      type: t.arg.string({ required: true, description: `The kind, such as \`Deployment\`.${CASE_INSENSITIVE}` }),
      name: t.arg.string({ required: true, description: `The name of the workload.${CASE_INSENSITIVE}` }),
    },
    resolve: (_root, key, context, info) => toEntity(assertKey(key, WORKLOAD_KEY), 'cost', context, info),
  }),
  kubernetesWorkloads: t.field({
    type: t.listRef(KubernetesWorkload, { nullable: true }),
    directives: { listSize: { assumedSize: 100 }, cacheTag: { format: 'costs' } },
    description: 'Workloads by their keys, in the same order. Existence is not checked.',
    args: {
      keys: t.arg({
        type: [KubernetesWorkloadKey],
        required: true,
        description: `The keys of the workloads, at most ${MAX_WORKLOADS}.`,
      }),
    },
    resolve(_root, { keys }, context, info) {
      assertCount('keys', keys, MAX_WORKLOADS);
      chargeItems(context, keys.length, info);
      return keys.map((key, index) => toEntity(assertKey(key, WORKLOAD_KEY, `keys[${index}].`), 'cost', context, info));
    },
  }),
}));

/** Returns the key. @throws UserInputError that names the argument. */
function assertKey<Key extends Record<Field, string>, Field extends string>(
  key: Key,
  fields: readonly Field[],
  path = '',
): Key {
  for (const field of fields) assertName(`${path}${field}`, key[field]);
  return key;
}

builder.objectFields(CostRow, (t) => ({
  kubernetesCluster: t.field({
    type: KubernetesCluster,
    nullable: true,
    description: 'The cluster of the row, with its other costs and the fields of other subgraphs.',
    resolve: ({ clusterName }) => (clusterName === null ? null : { name: clusterName }),
  }),
  kubernetesNamespace: t.field({
    type: KubernetesNamespace,
    nullable: true,
    description: 'The namespace of the row, with its other costs and the fields of other subgraphs.',
    resolve: ({ clusterName, namespace }) =>
      clusterName === null || namespace === null ? null : { clusterName, name: namespace },
  }),
  kubernetesWorkload: t.field({
    type: KubernetesWorkload,
    nullable: true,
    description: 'The workload of the row, with its other costs. Null in a row that covers several workloads.',
    resolve({ clusterName, namespace, workloadType: type, workloadName: name }) {
      if (clusterName === null || namespace === null || type === null || name === null) return null;
      return { clusterName, namespace, type, name };
    },
  }),
}));
