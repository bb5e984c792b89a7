// CostRow: one row of a report, with every field of the REST API under its name there.

import type { NameField, NumberField } from '../../report/columns/columns.js';
import type { Label } from '../../report/columns/label.js';
import type { ReportRow } from '../../report/row.js';
import { builder } from '../builder.js';
import { chargeRowList } from '../response-budget.js';

const LabelRef = builder.objectRef<Label>('Label').implement({
  description: 'A Kubernetes label or annotation: a key and its value.',
  directives: { shareable: {} },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key, such as `team` or `app.kubernetes.io/name`.' }),
    value: t.exposeString('value', { description: 'The value; may be empty.' }),
  }),
});

/** What a router reckons with. */
const LABELS = { listSize: { assumedSize: 10 } };

const TEXTS = {
  clusterName: 'The Kubernetes cluster. Null when ScaleOps names none, as for a row that covers several.',
  namespace: 'The Kubernetes namespace. Null when ScaleOps names none, as for a row that covers several.',
  workloadName: 'The name of the workload. Null in an aggregated row.',
  workloadType: 'The kind of the workload, such as `Deployment` or `StatefulSet`. Null in an aggregated row.',
} as const satisfies Record<NameField, string>;

/** What the numbers say; their totals say the same. */
export const NUMBERS = {
  totalCost: 'The cost over the window of the report, in the currency ScaleOps is set to. Negative for a credit.',
  hourlyCost: 'The cost of one hour, as ScaleOps works it out, in the currency ScaleOps is set to.',
  savingsAvailable:
    'What could be saved, by the advice of ScaleOps, which does not document over which time. In the currency ScaleOps is set to.',
  savingsAvailableWithReplicas:
    'As `savingsAvailable`, if the number of replicas were optimised as well. In the currency ScaleOps is set to.',
  onDemandHours: 'Hours that the pods ran on on-demand nodes, which cost the full price.',
  onDemandPercent: 'The part of the hours that ran on on-demand nodes, in percent (0 to 100).',
  spotHours: 'Hours that the pods ran on spot nodes, which are cheaper and may be taken back.',
  spotPercent: 'The part of the hours that ran on spot nodes, in percent (0 to 100).',
  ownerCpuRequest: 'The CPU that the workload requests. Probably in millicores: ScaleOps does not document the unit.',
  ownerGpuRequest: 'The number of GPUs that the workload requests.',
  ownerMemoryRequest: 'The memory that the workload requests. Probably in bytes: ScaleOps does not document the unit.',
  replicas: 'How many replicas ran, on average over the window.',
} as const satisfies Record<Exclude<NumberField, 'amountOfWorkloads'>, string>;

/** What every number of a row has in common. */
const NULL_NUMBER = ' Null when ScaleOps gives no number; never 0 instead.';

export const CostRow = builder.objectRef<ReportRow>('CostRow').implement({
  description:
    'What one workload cost (workload report), or one group of workloads (aggregated report). ' +
    'The fields are those of the ScaleOps REST API.',
  fields: (t) => {
    const text = (name: keyof typeof TEXTS) => t.exposeString(name, { nullable: true, description: TEXTS[name] });
    const number = (name: keyof typeof NUMBERS) =>
      t.exposeFloat(name, { nullable: true, description: NUMBERS[name] + NULL_NUMBER });
    return {
      id: t.exposeID('id', {
        description:
          "The row's id in ScaleOps, stable between reports; compare ids without regard to case. " +
          'Made of cluster, namespace, type and name where ScaleOps gives none.',
      }),
      clusterName: text('clusterName'),
      namespace: text('namespace'),
      workloadName: text('workloadName'),
      workloadType: text('workloadType'),
      amountOfWorkloads: t.exposeInt('amountOfWorkloads', {
        nullable: true,
        description: 'How many workloads the row covers.' + NULL_NUMBER,
      }),
      labels: t.field({
        type: [LabelRef],
        directives: LABELS,
        nullable: true,
        description: 'The labels that an aggregated row is grouped by. Null when ScaleOps gives none.',
        resolve: ({ labels }, _args, context, info) => chargeRowList(labels, context, info),
      }),
      annotations: t.field({
        type: [LabelRef],
        directives: LABELS,
        nullable: true,
        description: 'The annotations that an aggregated row is grouped by. Null when ScaleOps gives none.',
        resolve: ({ annotations }, _args, context, info) => chargeRowList(annotations, context, info),
      }),
      ownerLabels: t.field({
        type: [LabelRef],
        directives: LABELS,
        description: "The Kubernetes labels of the workload's owner, such as its Deployment.",
        resolve: ({ ownerLabels }, _args, context, info) => chargeRowList(ownerLabels, context, info),
      }),
      services: t.stringList({
        description: 'The Kubernetes Services that lead to the workload.',
        resolve: ({ services }, _args, context, info) => chargeRowList(services, context, info),
      }),
      totalCost: number('totalCost'),
      hourlyCost: number('hourlyCost'),
      savingsAvailable: number('savingsAvailable'),
      savingsAvailableWithReplicas: number('savingsAvailableWithReplicas'),
      onDemandHours: number('onDemandHours'),
      onDemandPercent: number('onDemandPercent'),
      spotHours: number('spotHours'),
      spotPercent: number('spotPercent'),
      ownerCpuRequest: number('ownerCpuRequest'),
      ownerGpuRequest: number('ownerGpuRequest'),
      ownerMemoryRequest: number('ownerMemoryRequest'),
      replicas: number('replicas'),
      share: t.exposeFloat('share', {
        nullable: true,
        description:
          "The row's part of the whole report's totalCost: 0.25 is a quarter. From 0 to 1, or outside where there are credits. " +
          'Null when either is unknown or the whole report cost 0.',
      }),
    };
  },
});
