// The fields that lead to entities: of Query by name, and of rows.

import type { ReportRow } from '../../report/row.js';
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
  type Key,
} from './entities.js';
import { toSpelled } from './spelling.js';

/** A page of a client's own list of workloads. */
const MAX_WORKLOADS = 1_000;

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
    description: 'A cluster by name. Existence is not checked: `costs` is null when ScaleOps does not know it.',
    directives: { cacheTag: { format: 'cluster-{$args.name}' } },
    args: { name: t.arg.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }) },
    resolve: (_root, key, context, info) => toSpelled(assertKey(key, CLUSTER_KEY), 'costs', context, info),
  }),
  kubernetesNamespace: t.field({
    type: KubernetesNamespace,
    nullable: true,
    description: 'A namespace by name. Existence is not checked: `costs` is null when ScaleOps does not know it.',
    directives: { cacheTag: { format: 'namespace-{$args.clusterName}-{$args.name}' } },
    args: {
      clusterName: t.arg.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }),
      name: t.arg.string({ required: true, description: NAMESPACE_NAME + CASE_INSENSITIVE }),
    },
    resolve: (_root, key, context, info) => toSpelled(assertKey(key, NAMESPACE_KEY), 'costs', context, info),
  }),
  kubernetesWorkload: t.field({
    type: KubernetesWorkload,
    nullable: true,
    description: 'A workload by name. Existence is not checked: `cost` is null when ScaleOps does not know it.',
    directives: {
      cacheTag: { format: 'workload-{$args.clusterName}-{$args.namespace}-{$args.type}-{$args.name}' },
    },
    args: {
      clusterName: t.arg.string({ required: true, description: CLUSTER_NAME + CASE_INSENSITIVE }),
      namespace: t.arg.string({ required: true, description: NAMESPACE_NAME + CASE_INSENSITIVE }),
      type: t.arg.string({ required: true, description: `The kind, such as \`Deployment\`.${CASE_INSENSITIVE}` }),
      name: t.arg.string({ required: true, description: `The name of the workload.${CASE_INSENSITIVE}` }),
    },
    resolve: (_root, key, context, info) => toSpelled(assertKey(key, WORKLOAD_KEY), 'cost', context, info),
  }),
  kubernetesWorkloads: t.field({
    type: t.listRef(KubernetesWorkload, { nullable: true }),
    directives: { listSize: { assumedSize: 100 }, cacheTag: { format: 'costs' } },
    description: `Workloads by their keys, in the same order, at most ${MAX_WORKLOADS}. Existence is not checked.`,
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
      keys.forEach((key, index) => {
        for (const field of WORKLOAD_KEY) assertName(`keys[${index}].${field}`, key[field]);
      });
      return keys.map((key) => toSpelled(key, 'cost', context, info));
    },
  }),
}));

/** @throws UserInputError that names the argument and the rule it breaks. */
function assertKey<Fields extends readonly string[]>(key: Key<Fields>, fields: Fields): Key<Fields> {
  for (const field of fields) assertName(field, key[field as Fields[number]]);
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
    description:
      'The namespace of the row, with its other costs and the fields of other subgraphs. ' +
      'The field `namespace` is only its name.',
    resolve: ({ clusterName, namespace }) =>
      clusterName === null || namespace === null ? null : { clusterName, name: namespace },
  }),
  kubernetesWorkload: t.field({
    type: KubernetesWorkload,
    nullable: true,
    description:
      'The workload of the row, with its costs over another period and the fields of other subgraphs. ' +
      'Null in a row that covers several workloads.',
    resolve: toWorkload,
  }),
}));

function toWorkload({ clusterName, namespace, workloadType: type, workloadName: name }: ReportRow) {
  if (clusterName === null || namespace === null || type === null || name === null) return null;
  return { clusterName, namespace, type, name };
}
