// CostReport.warnings: the problems in the data of ScaleOps.

import type { ReportWarning, WarningCode } from '../../report/warnings.js';
import { builder } from '../builder.js';
import { chargeItems } from '../response-budget.js';
import { CostReport } from './report.js';

/** @listSize for routers. Most reports have none. */
const ASSUMED_WARNINGS = 2;

const DESCRIPTIONS: Readonly<Record<WarningCode, string>> = {
  PARTIAL_ANSWER:
    'ScaleOps says that a part is missing: its answer has rows and also `error`, `failedClusters`, `truncation` or the ' +
    'like, which `field` names. Rows are missing, and sums are too small.',
  MISSING_WINDOW:
    'The answer names no period. `window` is the requested one; without a requested period it is an error of that field.',
  WINDOW_MISMATCH: 'The answer covers another period than the requested one. `window` is the period of the answer.',
  SKIPPED_ROW: 'A row is null or no object. It is left out, and sums may be too small.',
  DUPLICATE_ROW:
    'The same workload, without regard to case, has more than one row. `rows` lists them all, ' +
    'and `KubernetesWorkload.cost` is their sum; a number that one of them does not have is null there.',
  UNREADABLE_NAME:
    'The name of a cluster, namespace, workload or type is a list or an object. It is null, so that the costs of its row ' +
    'are missing where this name is asked for; `field` names it. Each part of the report has the warning.',
  UNREADABLE_NUMBER:
    'A number cannot be read, such as "12,500.00" or "NaN". It is null and not in any sum; `field` names it. ' +
    'See also `CostTotals.rowsWithoutCost`.',
  UNREADABLE_LABELS:
    'Labels or annotations have a shape that is not known. They are left out; `field` names their list.',
};

const CostReportWarningCode = builder.enumType('CostReportWarningCode', {
  description: 'What is wrong with a report.',
  values: Object.fromEntries(
    Object.entries(DESCRIPTIONS).map(([code, description]) => [code, { value: code, description }]),
  ) as { [Code in WarningCode]: { value: Code; description: string } },
});

/** What was found, and what became of it. Contains nothing of the response. */
const MESSAGES: Readonly<Record<WarningCode, (count: number, field: string, hasWindow: boolean) => string>> = {
  PARTIAL_ANSWER: (_count, field) => `ScaleOps indicates in \`${field}\` that a part of the report is missing.`,
  MISSING_WINDOW: (_count, _field, hasWindow) =>
    hasWindow
      ? "ScaleOps' answer has no period that can be read. The requested period is shown instead."
      : "ScaleOps' answer has no period that can be read, and none was requested, so `window` is an error. Pass `last`.",
  WINDOW_MISMATCH: () => "ScaleOps' answer covers another period than the requested one. Its own period is shown.",
  SKIPPED_ROW: (count) =>
    count === 1
      ? 'At least one row was null or no object, and was left out.'
      : `${count} rows were null or no objects, and were left out.`,
  DUPLICATE_ROW: (count) =>
    `${numberOf(count, 'row repeats', 'rows repeat')} a workload that has a row already. Its cost is the sum of its rows.`,
  UNREADABLE_NAME: (count, field) =>
    `${numberOf(count, 'value', 'values')} of ${field} could not be read and ${count === 1 ? 'is' : 'are'} null.`,
  UNREADABLE_NUMBER: (count, field) =>
    `${numberOf(count, 'value', 'values')} of ${field} could not be read and ${count === 1 ? 'is' : 'are'} null.`,
  UNREADABLE_LABELS: (count, field) =>
    `${numberOf(count, 'list', 'lists')} of ${field} could not be read completely. The rest is left out.`,
};

function numberOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A warning, and whether the window of its report is known. */
interface ShownWarning extends ReportWarning {
  readonly hasWindow: boolean;
}

const CostReportWarning = builder.objectRef<ShownWarning>('CostReportWarning').implement({
  description: 'A problem in the data of ScaleOps. The report is usable all the same.',
  fields: (t) => ({
    code: t.expose('code', { type: CostReportWarningCode, description: 'What is wrong.' }),
    message: t.string({
      description: 'The warning in words, such as "12 values of totalCost could not be read and are null".',
      resolve: ({ code, count, field, hasWindow }) => MESSAGES[code](count, field ?? '', hasWindow),
    }),
    count: t.exposeInt('count', {
      description: 'The number of rows that the warning is about; 1 when it is about the report as a whole.',
    }),
    field: t.exposeString('field', {
      nullable: true,
      description: 'The field that the warning is about, such as `totalCost`. Null when it is about whole rows.',
    }),
  }),
});

builder.objectField(CostReport, 'warnings', (t) =>
  t.field({
    type: [CostReportWarning],
    directives: { listSize: { assumedSize: ASSUMED_WARNINGS } },
    description:
      'Problems in the data of ScaleOps, at most one per code and field. ' +
      'Empty when all is well. In the report of a cluster or namespace, the warnings about its own rows and about the ' +
      'answer as a whole.',
    resolve({ report }, _args, context, info) {
      chargeItems(context, report.warnings.length, info);
      return report.warnings.map((warning) => ({ ...warning, hasWindow: report.window !== null }));
    },
  }),
);
