// CostReport.rows: the rows of a report and every field of one. The names are those of the REST API.

import type { Label, Report, ReportRow, RowSelection } from '../report/report.js';
import { builder } from './builder.js';
import { checkNotNegative } from './filter-rules.js';
import { CostReport } from './report.js';
import { CostRowOrder, toRowOrder } from './row-order.js';

/** A row, with the report it is part of: a share needs the whole. */
interface RowOfReport {
  readonly row: ReportRow;
  readonly report: Report;
}

const LabelRef = builder.objectRef<Label>('Label').implement({
  description: 'A Kubernetes label or annotation: a key and its value.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key, such as `team` or `app.kubernetes.io/name`.' }),
    value: t.exposeString('value', { description: 'The value; may be empty.' }),
  }),
});

const TEXTS = {
  clusterName: 'The Kubernetes cluster. Null when the row covers several.',
  namespace: 'The Kubernetes namespace. Null when the row covers several.',
  workloadName: 'The name of the workload. Null in an aggregated row.',
  workloadType: 'The kind of the workload, such as `Deployment` or `StatefulSet`. Null in an aggregated row.',
} as const satisfies Partial<Record<keyof ReportRow, string>>;

const NUMBERS = {
  totalCost: 'The cost over the window of the report, in the currency ScaleOps is set to. Negative for a credit.',
  hourlyCost: 'The cost of one hour, in the currency ScaleOps is set to.',
  savingsAvailable: 'What ScaleOps says could be saved, in the currency ScaleOps is set to.',
  savingsAvailableWithReplicas:
    'What could be saved if the number of replicas were optimised as well, in the currency ScaleOps is set to.',
  onDemandHours: 'Hours that ran on on-demand nodes, which cost the full price.',
  onDemandPercent: 'The part of the hours that ran on on-demand nodes, in percent (0 to 100).',
  spotHours: 'Hours that ran on spot nodes, which are cheaper and may be taken back.',
  spotPercent: 'The part of the hours that ran on spot nodes, in percent (0 to 100).',
  ownerCpuRequest: 'The CPU that the workload requests. Probably in millicores: ScaleOps does not document the unit.',
  ownerGpuRequest: 'The number of GPUs that the workload requests.',
  ownerMemoryRequest: 'The memory that the workload requests. Probably in bytes: ScaleOps does not document the unit.',
  replicas: 'How many replicas ran, on average over the window.',
} as const satisfies Partial<Record<keyof ReportRow, string>>;

/** What every number of a row has in common. */
const NULL_NUMBER = ' Null when ScaleOps gives no number; never 0 instead.';

const CostRow = builder.objectRef<RowOfReport>('CostRow').implement({
  description:
    'What one workload cost (workload report), or one group of workloads (aggregated report). ' +
    'The fields are those of the ScaleOps REST API.',
  fields: (t) => {
    const text = (name: keyof typeof TEXTS) =>
      t.string({ nullable: true, description: TEXTS[name], resolve: ({ row }) => row[name] });
    const number = (name: keyof typeof NUMBERS) =>
      t.float({ nullable: true, description: NUMBERS[name] + NULL_NUMBER, resolve: ({ row }) => row[name] });
    return {
      id: t.id({
        description:
          "The row's id in ScaleOps, stable between reports; compare ids without regard to case. " +
          'Made of cluster, namespace, type and name where ScaleOps gives none.',
        resolve: ({ row }) => row.id,
      }),
      clusterName: text('clusterName'),
      namespace: text('namespace'),
      workloadName: text('workloadName'),
      workloadType: text('workloadType'),
      amountOfWorkloads: t.int({
        nullable: true,
        description: 'How many workloads the row covers.' + NULL_NUMBER,
        resolve: ({ row }) => row.amountOfWorkloads,
      }),
      labels: t.field({
        type: [LabelRef],
        nullable: true,
        description: 'The labels that an aggregated row is grouped by. Null when ScaleOps gives none.',
        resolve: ({ row }) => row.labels,
      }),
      annotations: t.field({
        type: [LabelRef],
        nullable: true,
        description: 'The annotations that an aggregated row is grouped by. Null when ScaleOps gives none.',
        resolve: ({ row }) => row.annotations,
      }),
      ownerLabels: t.field({
        type: [LabelRef],
        description: "The Kubernetes labels of the workload's owner, such as its Deployment.",
        resolve: ({ row }) => row.ownerLabels,
      }),
      services: t.stringList({
        description: 'The Kubernetes Services that lead to the workload.',
        resolve: ({ row }) => row.services,
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
      share: t.float({
        nullable: true,
        description:
          "The row's part of the whole report's totalCost, from 0 to 1. " +
          'Null when either is unknown or the whole report cost 0.',
        resolve: ({ row, report }) => report.shareOf(row),
      }),
    };
  },
});

interface RowsOfReport {
  readonly selection: RowSelection;
  readonly report: Report;
}

const CostRowConnection = builder.objectRef<RowsOfReport>('CostRowConnection').implement({
  description: 'Rows of a report, and how many there are.',
  fields: (t) => ({
    nodes: t.field({
      type: [CostRow],
      description: 'The rows themselves.',
      resolve: ({ selection, report }) => selection.rows.map((row) => ({ row, report })),
    }),
    totalCount: t.int({
      description: 'How many rows there are, also those that `first` leaves out.',
      resolve: ({ selection }) => selection.totalCount,
    }),
  }),
});

builder.objectField(CostReport, 'rows', (t) =>
  t.field({
    type: CostRowConnection,
    description: 'The rows of the report: one a workload, or one a group of them. Without arguments, all of them.',
    args: {
      orderBy: t.arg({
        type: [CostRowOrder],
        description:
          'What the rows are ordered by: the first entry decides, each further one among equals. ' +
          'Left out, the rows keep the order of ScaleOps.',
      }),
      first: t.arg.int({ description: 'How many rows to give, from the first on; 0 gives none, for the count alone.' }),
    },
    resolve: ({ report }, { orderBy, first }) => {
      if (first != null) checkNotNegative('first', first);
      const selection = report.selectRows({ orderBy: orderBy?.map(toRowOrder) ?? [], first: first ?? undefined });
      return { selection, report };
    },
  }),
);
