// CostReport.warnings: problems in the data of ScaleOps.

import type { ReportWarning, WarningCode } from '../../report/warnings.js';
import { builder } from '../builder.js';
import { chargeItems } from '../response-budget.js';
import { CostReport } from './report.js';

const DESCRIPTIONS: Readonly<Record<WarningCode, string>> = {
  PARTIAL_ANSWER:
    'The response of ScaleOps has rows, but also `error`, `failedClusters`, `truncation` or a similar field. ' +
    'Rows are missing, and sums are too small.',
  MISSING_WINDOW: 'The response has no period. `window` is the requested period, or an error when none was requested.',
  WINDOW_MISMATCH: 'The response covers another period than the requested one. `window` is the period of the response.',
  SKIPPED_ROW: 'A row is not an object. It is left out, and sums may be too small.',
  DUPLICATE_ROW:
    'A workload has more than one row (names are case-insensitive). `KubernetesWorkload.cost` is their sum.',
  UNREADABLE_NAME:
    'The name of a cluster, namespace, workload or type is not a string. It is null, so that its cluster, namespace or ' +
    'workload lacks the costs of the row.',
  UNREADABLE_NUMBER:
    'A number cannot be read, such as "12,500.00" or "NaN". It is null and not in any sum. See `CostTotals.rowsWithoutCost`.',
  UNREADABLE_LABELS: 'Labels or annotations have an unknown format. They are left out.',
};

const CostReportWarningCode = builder.enumType('CostReportWarningCode', {
  description: 'What is wrong with a report.',
  values: Object.fromEntries(
    Object.entries(DESCRIPTIONS).map(([code, description]) => [code, { value: code, description }]),
  ) as { [Code in WarningCode]: { value: Code; description: string } },
});

/** Contain no text of the response. */
const MESSAGES: Readonly<Record<WarningCode, (count: number, field: string, hasWindow: boolean) => string>> = {
  PARTIAL_ANSWER: (_count, field) => `ScaleOps indicates in \`${field}\` that a part of the report is missing.`,
  MISSING_WINDOW: (_count, _field, hasWindow) =>
    hasWindow
      ? "ScaleOps' response has no readable period. The requested period is shown instead."
      : "ScaleOps' response has no readable period, and none was requested, so `window` is an error. Pass `last`.",
  WINDOW_MISMATCH: () => "ScaleOps' response covers another period than the requested one. Its own period is shown.",
  SKIPPED_ROW: (count) =>
    count === 1
      ? 'At least one row was not an object and is left out.'
      : `${count} rows were not objects and are left out.`,
  DUPLICATE_ROW: (count) =>
    `${count} ${count === 1 ? 'row repeats' : 'rows repeat'} a workload that has a row already. Its cost is the sum of its rows.`,
  // With permissions, the number of such rows is not shown.
  UNREADABLE_NAME: (count, field) =>
    count === 1 ? `At least one value of ${field} could not be read and is null.` : describeUnreadable(count, field),
  UNREADABLE_NUMBER: describeUnreadable,
  UNREADABLE_LABELS: (count, field) =>
    `${count} ${count === 1 ? 'list' : 'lists'} of ${field} could not be read completely. The rest is left out.`,
};

function describeUnreadable(count: number, field: string): string {
  return `${count} ${count === 1 ? 'value' : 'values'} of ${field} could not be read and ${count === 1 ? 'is' : 'are'} null.`;
}

interface KnownWarning extends ReportWarning {
  /** Whether the window of the report is known. */
  readonly hasWindow: boolean;
}

const CostReportWarning = builder.objectRef<KnownWarning>('CostReportWarning').implement({
  description: 'A problem in the data of ScaleOps.',
  fields: (t) => ({
    code: t.expose('code', { type: CostReportWarningCode, description: 'What is wrong.' }),
    message: t.string({
      description: 'The warning in words, such as "12 values of totalCost could not be read and are null".',
      resolve: ({ code, count, field, hasWindow }) => MESSAGES[code](count, field ?? '', hasWindow),
    }),
    count: t.exposeInt('count', { description: 'The number of affected rows; 1 when it concerns the whole report.' }),
    field: t.exposeString('field', {
      nullable: true,
      description: 'The affected field, such as `totalCost`. Null when whole rows are affected.',
    }),
  }),
});

builder.objectField(CostReport, 'warnings', (t) =>
  t.field({
    type: [CostReportWarning],
    directives: { listSize: { assumedSize: 2 } },
    description:
      'Problems in the data of ScaleOps, at most one per code and field. Empty when there are none. ' +
      'The report of a cluster or namespace has the warnings about its rows and about the whole response.',
    resolve({ report }, _args, context, info) {
      chargeItems(context, report.warnings.length, info);
      return report.warnings.map((warning) => ({ ...warning, hasWindow: report.window !== null }));
    },
  }),
);
