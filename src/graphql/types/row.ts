// CostRow: one row of a report, with every field of the REST API under the same name.

import {
  NAME_FIELDS,
  NUMBER_FIELDS,
  type Label,
  type NameField,
  type NumberField,
} from '../../report/columns/columns.js';
import type { LabelDimension } from '../../report/query/dimension.js';
import type { ReportRow } from '../../report/row.js';
import { builder } from '../builder.js';
import { assertLabelKey } from '../inputs/validate.js';
import { chargeRowList } from '../response-budget.js';
import { CostWindow, toWindow } from './window.js';

const CostLabel = builder.objectRef<Label>('CostLabel').implement({
  description: 'A Kubernetes label or annotation.',
  directives: { shareable: {} },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key, such as `team` or `app.kubernetes.io/name`.' }),
    value: t.exposeString('value', { description: 'The value, such as `payments`. May be empty.' }),
  }),
});

/** For routers: a workload has about ten labels. */
const LABEL_DIRECTIVES = { listSize: { assumedSize: 10 } };

const NAME_DESCRIPTIONS = {
  clusterName: 'The Kubernetes cluster, such as `prod-us-east-1`. Null in a row that covers several clusters.',
  namespace: 'The Kubernetes namespace, such as `checkout`. Null in a row that covers several namespaces.',
  workloadName: 'The workload, such as `checkout-api`. Null in an aggregated row.',
  workloadType: 'The kind of workload, such as `Deployment` or `StatefulSet`. Null in an aggregated row.',
} as const satisfies Record<NameField, string>;

export const NUMBER_DESCRIPTIONS = {
  totalCost: 'The cost over the window of the report, in the currency of ScaleOps. Negative for a credit.',
  hourlyCost: 'The average cost per hour, as ScaleOps gives it, in the currency of ScaleOps.',
  savingsAvailable:
    'The savings that ScaleOps recommends, in the currency of ScaleOps. ScaleOps does not document for which period.',
  savingsAvailableWithReplicas: '`savingsAvailable` when replicas are optimised too, in the currency of ScaleOps.',
  onDemandHours: 'Hours that pods ran on on-demand nodes (full price).',
  onDemandPercent: 'The share of hours that ran on on-demand nodes, in percent (0 to 100).',
  spotHours: 'Hours that pods ran on spot nodes (cheaper, may be reclaimed).',
  spotPercent: 'The share of hours that ran on spot nodes, in percent (0 to 100).',
  ownerCpuRequest: 'The requested CPU, probably in millicores: ScaleOps does not document the unit.',
  ownerGpuRequest: 'The number of requested GPUs.',
  ownerMemoryRequest: 'The requested memory, probably in bytes: ScaleOps does not document the unit.',
  replicas: 'The average number of replicas over the window.',
} as const satisfies Record<Exclude<NumberField, 'amountOfWorkloads'>, string>;

const FLOAT_FIELDS = NUMBER_FIELDS.filter((name) => name !== 'amountOfWorkloads');
const NULL_NUMBER = ' Null when ScaleOps gives no number.';

/** Creates a field for each name. */
export function toFields<Name extends string, Field>(names: readonly Name[], create: (name: Name) => Field) {
  return Object.fromEntries(names.map((name) => [name, create(name)])) as Record<Name, Field>;
}

/** @throws UserInputError for an invalid label key. */
function valueOfLabel(row: ReportRow, key: string, dimension: LabelDimension): string | null {
  assertLabelKey('key', key);
  return row.valueOf(dimension);
}

export const CostRow = builder.objectRef<ReportRow>('CostRow').implement({
  description: 'The costs of one workload (workload report) or of one group of workloads (aggregated report).',
  fields: (t) => {
    const nameField = (name: keyof typeof NAME_DESCRIPTIONS) =>
      t.exposeString(name, { nullable: true, description: NAME_DESCRIPTIONS[name] });
    const numberField = (name: keyof typeof NUMBER_DESCRIPTIONS) =>
      t.exposeFloat(name, { nullable: true, description: NUMBER_DESCRIPTIONS[name] + NULL_NUMBER });
    const groupLabels = (name: 'labels' | 'annotations') =>
      t.field({
        type: [CostLabel],
        directives: LABEL_DIRECTIVES,
        nullable: true,
        description: `The ${name} that an aggregated row is grouped by. Null when there are none.`,
        resolve: (row, _args, context, info) => chargeRowList(row[name], context, info),
      });
    return {
      id: t.exposeID('id', {
        description:
          'Opaque key for the caches of clients. Unique among the rows of all reports, the same after a refresh.',
      }),
      scaleOpsId: t.exposeString('scaleOpsId', {
        nullable: true,
        description: 'The id of the workload or group in ScaleOps: the same in other reports. Null when there is none.',
      }),
      ...toFields(NAME_FIELDS, nameField),
      amountOfWorkloads: t.exposeInt('amountOfWorkloads', {
        nullable: true,
        description: 'The number of workloads that the row covers.' + NULL_NUMBER,
      }),
      labels: groupLabels('labels'),
      annotations: groupLabels('annotations'),
      ownerLabels: t.field({
        type: [CostLabel],
        directives: LABEL_DIRECTIVES,
        description: "The Kubernetes labels of the workload's owner, such as its Deployment.",
        resolve: ({ ownerLabels }, _args, context, info) => chargeRowList(ownerLabels, context, info),
      }),
      label: t.string({
        nullable: true,
        args: { key: t.arg.string({ required: true, description: 'The key, such as `team`.' }) },
        description:
          'The value of a Kubernetes label, from `ownerLabels` or else `labels`. Null when missing or empty.',
        resolve: (row, { key }) => valueOfLabel(row, key, { label: key }),
      }),
      annotation: t.string({
        nullable: true,
        args: { key: t.arg.string({ required: true, description: 'The key, such as `example.com/cost-center`.' }) },
        description: 'The value of a Kubernetes annotation. Null when missing or empty.',
        resolve: (row, { key }) => valueOfLabel(row, key, { annotation: key }),
      }),
      services: t.stringList({
        description: 'The Kubernetes Services of the workload.',
        resolve: ({ services }, _args, context, info) => chargeRowList(services, context, info),
      }),
      ...toFields(FLOAT_FIELDS, numberField),
      share: t.exposeFloat('share', {
        nullable: true,
        description:
          "The row's share of the report's totalCost, such as 0.25: from 0 to 1, or outside when there are credits. " +
          'Null when either cost is unknown or that of the report is 0.',
      }),
      asOf: t.field({
        type: 'DateTime',
        description: 'When ScaleOps returned the report of the row.',
        resolve: ({ origin }) => origin.asOf,
      }),
      isStale: t.boolean({
        description: 'Whether the report of the row is out of date.',
        resolve: ({ origin }) => origin.isStale,
      }),
      window: t.field({
        type: CostWindow,
        description: 'The period that the costs of the row cover.',
        resolve: ({ origin }, _args, { windowClock }) => toWindow(origin, windowClock),
      }),
    };
  },
});
