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
import { assertGroupedBy, toReading } from '../inputs/grouping.js';
import { CostRowsWhere, toRowsWhere } from '../inputs/where.js';
import { argumentsKey } from '../response-budget.js';
import { findSummedFields } from '../selection/size.js';
import { CostReport } from './report.js';
import { FULL_SCAN_COST_WEIGHT } from './totals.js';
import { CostWindow } from './window.js';

/** Totals, and whether they were derived from a longer report. */
interface NamedChange {
  readonly totals: TotalsChange;
  readonly isDerived: boolean;
}

const CostAmountChange = builder.objectRef<AmountChange>('CostAmountChange').implement({
  description: 'An amount in the report and in its baseline.',
  fields: (t) => ({
    current: t.exposeFloat('current', { description: 'The amount in the report; 0 when no row has it.' }),
    baseline: t.exposeFloat('baseline', { description: 'The amount in the baseline; 0 when no row has it.' }),
    difference: t.exposeFloat('difference', { description: '`current` minus `baseline`, exact as sums are.' }),
    ratio: t.exposeFloat('ratio', {
      nullable: true,
      description: '`difference` / `baseline`, such as 0.25 for a quarter more. Null when `baseline` is 0 or less.',
    }),
  }),
});

const NULL_IF_DERIVED = ' Null in the comparison of a workload report.';

export const CostTotalsChange = builder.objectRef<NamedChange>('CostTotalsChange').implement({
  description: 'The sums of a set of rows in the report and in its baseline.',
  fields: (t) => {
    const sum = (field: SumField, description: string) =>
      t.field({ type: CostAmountChange, description, resolve: ({ totals }) => totals.sum(field) });
    /** What does not add up over time cannot be derived from a longer report. */
    const own = (description: string, read: (totals: TotalsChange) => AmountChange) =>
      t.field({
        type: CostAmountChange,
        nullable: true,
        description: description + NULL_IF_DERIVED,
        resolve: ({ totals, isDerived }) => (isDerived ? null : read(totals)),
      });
    return {
      totalCost: sum('totalCost', 'The costs, in the currency of ScaleOps.'),
      onDemandHours: sum('onDemandHours', 'Hours that pods ran on on-demand nodes.'),
      spotHours: sum('spotHours', 'Hours that pods ran on spot nodes.'),
      savingsAvailable: own('The savings that ScaleOps recommends, in the currency of ScaleOps.', (totals) =>
        totals.sum('savingsAvailable'),
      ),
      amountOfWorkloads: own('The number of workloads that the rows cover.', (totals) =>
        totals.sum('amountOfWorkloads'),
      ),
      rowCount: own('The number of rows.', ({ rowCount }) => rowCount),
    };
  },
});

export const CostComparison = builder.objectRef<LoadedComparison>('CostComparison').implement({
  description: 'A report beside its baseline: the same filter over another period.',
  fields: (t) => ({
    baselineWindow: t.field({
      type: CostWindow,
      description: 'The period of the baseline.',
      resolve: ({ baselineWindow }) => baselineWindow,
    }),
    baseline: t.field({
      type: CostReport,
      nullable: true,
      description:
        'The report of the baseline. Null in the comparison of a workload report, which is derived from a longer report.',
      resolve: ({ baseline, isDerived }) => (isDerived ? null : baseline),
    }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'Whether both periods are over and equally long (or as many calendar units), ScaleOps answered both in full, ' +
        'and every cost could be read.',
    }),
    totals: t.field({
      type: CostTotalsChange,
      directives: { cost: { weight: FULL_SCAN_COST_WEIGHT } },
      description: 'The change of all rows, or of those that match `where`.',
      args: {
        where: t.arg({
          type: CostRowsWhere,
          description: 'Only rows that match, in both periods. No bounds of costs.',
        }),
      },
      async resolve(comparison, args, context, info) {
        const where = toRowsWhere(args.where, context.permissions);
        const query = { by: [], where, fields: findSummedFields(info) };
        const { totals } = await context.memoize(
          [comparison, 'totals', argumentsKey(context, info, args), query.fields.join()],
          () => compare(comparison, query, context),
        );
        return { totals, isDerived: comparison.isDerived };
      },
    }),
  }),
});

/** Compares both reports, charged for both. @throws GatewayError QUERY_TOO_COMPLEX */
export function compare(
  { current, baseline, isDerived }: LoadedComparison,
  query: ChangeQuery & { readonly where: RowsWhere | undefined; readonly fields: readonly SumField[] },
  { runReportQuery }: GatewayContext,
): ChangeBreakdown | Promise<ChangeBreakdown> {
  const [now, before] = [current.report, baseline.report];
  assertNoBounds(query.where);
  assertGroupedBy(current.request, [now, before], query);
  const reading = toReading(query);
  // Each sum reads all rows, too, and the groups are matched.
  const [rows, labels] = [reading.rows + query.fields.length + 2, reading.labels];
  const both = {
    scanCost: now.scanCost + before.scanCost,
    labelScanCost: labels === 0 ? 0 : now.labelScanCost + before.labelScanCost,
  };
  return runReportQuery(both, { rows, labels }, compareReports(now, before, { ...query, isCumulative: isDerived }));
}

const BOUNDS = ['minTotalCost', 'maxTotalCost', 'minSavingsAvailable'] as const;

/** @throws UserInputError for a bound: a row could match in one period and not in the other, as if it had appeared. */
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
    // The baseline may have to be fetched.
    directives: { cost: { weight: 50 } },
    description:
      'This report beside an earlier period: what changed. Costs one more call to ScaleOps, unless that report is cached. ' +
      'For a workload report it is derived from twice its time, and shows only costs and hours.',
    args: {
      with: t.arg({
        type: CostBaselineInput,
        defaultValue: { shift: 'PREVIOUS_PERIOD' },
        description: 'The baseline.',
      }),
    },
    resolve: (loaded, args, context, info) =>
      context.memoize([loaded, 'comparison', argumentsKey(context, info, args)], () =>
        loadComparison(loaded, args.with ?? {}, context),
      ),
  }),
);
