// Exact sums of several reports, added or subtracted group by group. Their decimal units may differ: whole numbers of a
// larger unit are whole numbers of a smaller one, and other numbers become BigInts.

import type { SumField } from '../columns/columns.js';
import { sumByGroup, unitsOf, type Sums } from '../query/exact-sum.js';
import type { GroupTotals } from '../query/totals.js';
import { forEachIndex, inRanges, precompute, type Computation } from '../computation.js';

/** The groups of one report. */
export interface ReportGroups extends GroupTotals {
  /** For each group of the report, the merged group. */
  readonly groups: Uint32Array;
}

/**
 * The totals of the merged groups over all reports.
 * @param fields the sums that will be read; any other is computed without yielding.
 */
export function* mergeGroups(
  reports: readonly ReportGroups[],
  groupCount: number,
  fields: readonly SumField[],
): Computation<GroupTotals> {
  const addCounts = (countsOf: (report: ReportGroups) => ArrayLike<number>): Float64Array => {
    const counts = new Float64Array(groupCount);
    for (const report of reports) {
      const own = countsOf(report);
      report.groups.forEach((group, at) => (counts[group]! += own[at]!));
    }
    return counts;
  };
  let missing: Float64Array | undefined;
  return {
    rowCounts: addCounts(({ rowCounts }) => rowCounts),
    sums: yield* precompute(fields, (field) =>
      mergeSums(
        reports.map((each) => partOf(each, field, 1)),
        groupCount,
      ),
    ),
    rowsWithoutCost: () => (missing ??= addCounts((report) => report.rowsWithoutCost())),
  };
}

/** The sums of one report. */
interface SumsPart {
  readonly sums: Sums;
  /** The merged group of each group of the report. */
  readonly groups: Uint32Array;
  readonly sign: 1 | -1;
}

export function partOf({ sums, groups }: ReportGroups, field: SumField, sign: SumsPart['sign']): SumsPart {
  return { sums: sums(field), groups, sign };
}

/** The sums of all parts by merged group; 0 for a group that is in none. */
export function* mergeSums(parts: readonly SumsPart[], groupCount: number): Computation<Sums> {
  const scale = parts.reduce((largest, { sums }) => Math.max(largest, sums.scale), 1);
  const lists = parts.flatMap(({ sums: { high, low, rest, scale: own }, groups, sign }) =>
    [high, low, rest]
      .filter((values) => values !== undefined)
      .map((values) => ({ values, groups, factor: (sign * scale) / own, isConverted: own !== scale })),
  );
  const count = lists.reduce((sum, { values }) => sum + values.length, 0);
  const units = new Float64Array(count);
  const targets = new Uint32Array(count);
  const rows = new Uint32Array(count);
  const state = { isExact: parts.every(({ sums }) => sums.bigintUnits === undefined) };
  let start = 0;
  for (const { values, groups, factor, isConverted } of lists) {
    const first = start;
    yield* inRanges(values.length, (from, to) => {
      for (let at = from; at < to; at += 1) {
        const value = values[at]! * factor;
        if (isConverted && !isWhole(value, values[at]!)) state.isExact = false;
        units[first + at] = value;
        targets[first + at] = groups[at]!;
        rows[first + at] = first + at;
      }
    });
    if (!state.isExact) return yield* mergeUnits(parts, groupCount, scale);
    start += values.length;
  }
  return yield* sumByGroup({ units, scale }, rows, targets, groupCount);
}

/** Whether a product of two whole numbers is exact. */
function isWhole(product: number, value: number): boolean {
  return Math.abs(product) <= Number.MAX_SAFE_INTEGER && Number.isInteger(value);
}

function* mergeUnits(parts: readonly SumsPart[], groupCount: number, scale: number): Computation<Sums> {
  const smallest = new Array<bigint>(groupCount).fill(0n);
  for (const { sums, groups, sign } of parts) {
    const factor = BigInt(sign * Math.round(scale / sums.scale));
    yield* forEachIndex(groups.length, (at) => {
      smallest[groups[at]!]! += factor * unitsOf(sums, at);
    });
  }
  return { scale, high: new Float64Array(groupCount), bigintUnits: smallest };
}
