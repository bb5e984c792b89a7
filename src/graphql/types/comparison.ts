// CostReport.comparison: what changed between a report and its baseline.

import { UserInputError } from '../../errors.js';
import type { GatewayContext } from '../../loaders/context.js';
import type { AmountChange, TotalsChange } from '../../report/compare/changed-sums.js';
import { compareReports, type ChangeBreakdown, type ChangeQuery } from '../../report/compare/compare-reports.js';
import type { SumField } from '../../report/columns/columns.js';
import type { RowsWhere } from '../../report/query/filter-rows.js';
import { builder } from '../builder.js';
import { loadComparison, type LoadedComparison } from '../comparison.js';
import { CostBaselineInput } from '../inputs/changes.js';
import { assertGroupedBy, countReads } from '../inputs/grouping.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';
import { findSummedFields } from '../selection/size.js';
import { CostReport, UPSTREAM_CALL_COST_WEIGHT } from './report.js';
import { FULL_SCAN_COST_WEIGHT } from './totals.js';
import { CostWindow } from './window.js';

/** Totals, and whether the baseline is derived from a longer report. */
interface ComparedTotals {
  readonly totals: TotalsChange;
  readonly isDerived: boolean;
}

export type Changes = ChangeBreakdown & ComparedTotals;

const CostAmountChange = builder.objectRef<AmountChange>('CostAmountChange').implement({
  description: 'An amount in the report and in its baseline.',
  fields: (t) => ({
    current: t.exposeFloat('current', { description: 'The amount in the report; 0 when no row has it.' }),
    baseline: t.exposeFloat('baseline', { description: 'The amount in the baseline; 0 when no row has it.' }),
    difference: t.exposeFloat('difference', {
      description: '`current` minus `baseline`, computed exactly, then rounded.',
    }),
    ratio: t.exposeFloat('ratio', {
      nullable: true,
      description: '`difference` / `baseline`, such as 0.25 for a quarter more. Null when `baseline` is 0 or less.',
    }),
  }),
});

export const CostTotalsChange = builder.objectRef<ComparedTotals>('CostTotalsChange').implement({
  description: 'The sums of a set of rows in the report and in its baseline.',
  fields: (t) => {
    const sum = (field: SumField, description: string) =>
      t.field({ type: CostAmountChange, description, resolve: ({ totals }) => totals.sum(field) });
    /** An amount that does not add up over time cannot be derived from a longer report. */
    const nullIfDerived = (field: SumField | 'rowCount', description: string) =>
      t.field({
        type: CostAmountChange,
        nullable: true,
        description: `${description} Null in the comparison of a workload report.`,
        resolve({ totals, isDerived }) {
          if (isDerived) return null;
          return field === 'rowCount' ? totals.rowCount : totals.sum(field);
        },
      });
    return {
      totalCost: sum('totalCost', 'The costs, in the currency of ScaleOps.'),
      onDemandHours: sum('onDemandHours', 'Hours that pods ran on on-demand nodes.'),
      spotHours: sum('spotHours', 'Hours that pods ran on spot nodes.'),
      savingsAvailable: nullIfDerived('savingsAvailable', 'The recommended savings, in the currency of ScaleOps.'),
      amountOfWorkloads: nullIfDerived('amountOfWorkloads', 'The number of workloads that the rows cover.'),
      rowCount: nullIfDerived('rowCount', 'The number of rows.'),
    };
  },
});

export const COMPARED_ROWS =
  'Only rows that match, in both periods. `minTotalCost` and similar conditions are refused. Default: all rows.';

export const CostComparison = builder.objectRef<LoadedComparison>('CostComparison').implement({
  description: 'A report beside its baseline: the same filter over another period.',
  fields: (t) => ({
    baselineWindow: t.expose('baselineWindow', { type: CostWindow, description: 'The period of the baseline.' }),
    baseline: t.field({
      type: CostReport,
      nullable: true,
      description:
        'The report of the baseline. Null for a workload report: its baseline is derived from a longer report.',
      resolve: ({ baseline, isDerived }) => (isDerived ? null : baseline),
    }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'Whether both periods are over and equally long (or as many calendar units), both reports are complete, ' +
        'and every cost could be read.',
    }),
    totals: t.field({
      type: CostTotalsChange,
      directives: { cost: { weight: FULL_SCAN_COST_WEIGHT } },
      description: 'The change of all rows, or of those that match `where`.',
      args: { where: t.arg({ type: CostRowsWhere, description: COMPARED_ROWS }) },
      resolve(comparison, args, context, info) {
        const where = toRowsWhere(args.where, context.permissions);
        return compare(comparison, { by: [], where, fields: findSummedFields(info) }, context);
      },
    }),
  }),
});

/** Compares both reports, charged for both, once per operation and query. @throws GatewayError QUERY_TOO_COMPLEX */
export function compare(
  comparison: LoadedComparison,
  query: ChangeQuery & { readonly where: RowsWhere | undefined; readonly fields: readonly SumField[] },
  { memoize, runReportQuery }: GatewayContext,
): Promise<Changes> {
  const { current, baseline, isDerived } = comparison;
  const [now, before] = [current.report, baseline.report];
  return memoize([comparison, JSON.stringify(query)], async () => {
    assertNoBounds(query.where);
    assertGroupedBy(current.request, [now, before], query);
    const { rows, labels } = countReads(query);
    const cost = {
      scanCost: now.scanCost + before.scanCost,
      labelScanCost: labels === 0 ? 0 : now.labelScanCost + before.labelScanCost,
    };
    // Each sum reads all rows, too, and the groups are matched.
    const reads = { rows: rows + query.fields.length + 2, labels };
    const changes = await runReportQuery(
      cost,
      reads,
      compareReports(now, before, { ...query, baselineIncludesCurrent: isDerived }),
    );
    return { ...changes, isDerived };
  });
}

const BOUNDS = ['minTotalCost', 'maxTotalCost', 'minSavingsAvailable'] as const;

/** @throws UserInputError for a bound: a row that matches in one period only would seem to appear or vanish. */
function assertNoBounds(where: RowsWhere | undefined): void {
  const bound = BOUNDS.find((name) => where?.[name] !== undefined);
  if (bound === undefined) return;
  throw new UserInputError(
    `where.${bound}`,
    'must be left out of a comparison, where a row may match in one period only. Use `minDifference` of `breakdown`.',
  );
}

builder.objectField(CostReport, 'comparison', (t) =>
  t.field({
    type: CostComparison,
    nullable: true,
    directives: { cost: { weight: UPSTREAM_CALL_COST_WEIGHT } },
    description:
      'What changed since an earlier period. Needs one more call to ScaleOps, unless that report is cached. ' +
      'For a workload report, only costs and hours: they are derived from a report of twice the length.',
    args: {
      with: t.arg({
        type: CostBaselineInput,
        defaultValue: { shift: 'PREVIOUS_PERIOD' },
        description: 'The baseline.',
      }),
    },
    resolve: (loaded, args, context) =>
      context.memoize([loaded, 'comparison', JSON.stringify(args)], () =>
        loadComparison(loaded, args.with ?? {}, context),
      ),
  }),
);
