// The query results of a report, computed in a straightforward way over row objects: filters, comparators, maps, and
// sums in exact arithmetic. Written from the contract, independent of the product. Random reports use few distinct
// values, so rows tie, repeat and share groups.

import fc from 'fast-check';

export const NAMES = ['clusterName', 'namespace', 'workloadName', 'workloadType'] as const;
export const SUMMED = [
  'amountOfWorkloads',
  'totalCost',
  'hourlyCost',
  'savingsAvailable',
  'savingsAvailableWithReplicas',
  'onDemandHours',
  'spotHours',
  'ownerCpuRequest',
  'ownerGpuRequest',
  'ownerMemoryRequest',
  'replicas',
] as const;
export const NUMBERS = [...SUMMED, 'onDemandPercent', 'spotPercent'] as const;

export type Name = (typeof NAMES)[number];
export type Summed = (typeof SUMMED)[number];
type Numeric = (typeof NUMBERS)[number];
export interface Label {
  readonly key: string;
  readonly value: string;
}
export interface Row extends Record<Name, string | null>, Record<Numeric, number | null> {
  readonly scaleOpsId: string | null;
  readonly labels: readonly Label[] | null;
  readonly annotations: readonly Label[] | null;
  readonly ownerLabels: readonly Label[];
  readonly services: readonly string[];
  share: number | null;
}
export interface Where {
  readonly clusterNames?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly workloadTypes?: readonly string[] | undefined;
  readonly workloadNames?: readonly string[] | undefined;
  readonly dimensions?: readonly Match[] | undefined;
  readonly search?: string | undefined;
  readonly minTotalCost?: number | undefined;
  readonly maxTotalCost?: number | undefined;
  readonly minSavingsAvailable?: number | undefined;
}
export interface Order<Field> {
  readonly field: Field;
  readonly direction: 'ASC' | 'DESC';
}
export type RowOrder = Order<Name | Numeric>;
type GroupField = Summed | 'rowCount' | 'key';
export type Dimension =
  | { readonly field: Name }
  | { readonly label: string }
  | { readonly annotation: string }
  | { readonly anyLabel: readonly string[] };
interface Match {
  readonly by: Dimension;
  readonly values: readonly (string | null)[];
  readonly exclude: boolean;
}

// ------------------------------------------------------------------------------------------------ exact arithmetic

/** Every finite double is a whole number of this unit: 2 to the power of -1074. */
const UNIT_EXPONENT = 1074;

/** The double as a whole number of units. */
function toUnits(value: number): bigint {
  let mantissa = Math.abs(value);
  let exponent = UNIT_EXPONENT;
  // Each step is exact: halving a double of 1 or more loses nothing until it is an odd whole number.
  while (mantissa >= 2 ** 53) {
    mantissa /= 2;
    exponent += 1;
  }
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent -= 1;
  }
  return BigInt(Math.sign(value)) * BigInt(mantissa) * 2n ** BigInt(exponent);
}

/** The double nearest to this number of units, by their exact decimal text; capped at the largest double. */
function toNearest(units: bigint): number {
  const nearest = Number(`${units * 5n ** BigInt(UNIT_EXPONENT)}e-${UNIT_EXPONENT}`);
  return Number.isFinite(nearest) ? nearest : Math.sign(nearest) * Number.MAX_VALUE;
}

/** The smallest decimal unit of a column: 10 to the power of -15. */
const DECIMAL_EXPONENT = 15;

/** The number as JSON shows it, in decimal units; null when it has too many decimal places. */
function toDecimalUnits(value: number): bigint | null {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))!;
  const power = DECIMAL_EXPONENT + Number(exponent) - fraction.length;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  if (power >= 0) return digits * 10n ** BigInt(power);
  return digits % 10n ** BigInt(-power) === 0n ? digits / 10n ** BigInt(-power) : null;
}

/** Whether all numbers of a column are multiples of one decimal unit, a power of 1,000, and at most 2^51 of it. */
export function isDecimalColumn(values: readonly (number | null)[]): boolean {
  const units = values.filter((value) => value !== null).map(toDecimalUnits);
  return [0, 3, 6, 9, 12, 15].some((digits) => {
    const unit = 10n ** BigInt(DECIMAL_EXPONENT - digits);
    const limit = 2n ** 51n * unit;
    return units.every((each) => each !== null && each % unit === 0n && each <= limit && each >= -limit);
  });
}

/**
 * The exact sum of the known numbers, rounded once: of the decimals when the column has a decimal unit, otherwise of the
 * doubles.
 */
export function sumExactly(values: readonly (number | null)[], isDecimal = isDecimalColumn(values)): number {
  const known = values.filter((value) => value !== null);
  if (!isDecimal) return toNearest(known.reduce((sum, value) => sum + toUnits(value), 0n));
  return Number(`${known.reduce((sum, value) => sum + toDecimalUnits(value)!, 0n)}e-${DECIMAL_EXPONENT}`);
}

/** The columns with a decimal unit in the report of a row. */
const decimalColumns = new WeakMap<Row, ReadonlySet<Numeric>>();

/** A share of a whole; null without one, or when it is not finite. */
function divide(part: number | null, whole: number): number | null {
  return part === null || whole === 0 || !Number.isFinite(part / whole) ? null : part / whole;
}

// --------------------------------------------------------------------------------------------------------- queries

/** The rows of the upstream's JSON. */
export function readRows(json: UpstreamReport): Row[] {
  const rows = (json.aggregatedWorkloads ?? []).map((raw) => {
    const row: Record<string, unknown> = { scaleOpsId: raw.id ?? null, services: raw.services ?? [] };
    for (const name of NAMES) row[name] = raw[name] === '' ? null : (raw[name] ?? null);
    for (const name of NUMBERS) row[name] = raw[name] ?? null;
    for (const name of ['labels', 'annotations'] as const) row[name] = raw[name] == null ? null : readLabels(raw[name]);
    row.ownerLabels = readLabels(raw.ownerLabels);
    return row as unknown as Row;
  });
  const whole = sumExactly(rows.map(({ totalCost }) => totalCost));
  for (const row of rows) row.share = divide(row.totalCost, whole);
  const decimal = new Set(NUMBERS.filter((name) => isDecimalColumn(rows.map((row) => row[name]))));
  for (const row of rows) decimalColumns.set(row, decimal);
  return rows;
}

function readLabels(raw: RawLabels): Label[] {
  if (raw == null) return [];
  return Array.isArray(raw) ? [...(raw as Label[])] : Object.entries(raw).map(([key, value]) => ({ key, value }));
}

export function filterRows(rows: readonly Row[], where: Where = {}): Row[] {
  const { dimensions = [], search = '', minTotalCost, maxTotalCost, minSavingsAvailable } = where;
  const isIn = (name: string | null, list: readonly string[] | undefined) =>
    list === undefined || list.some((each) => each.toLowerCase() === name?.toLowerCase());
  const isWithin = (value: number | null, least: number | undefined, most: number | undefined) =>
    (least === undefined || (value !== null && value >= least)) &&
    (most === undefined || (value !== null && value <= most));
  // The empty text means no value.
  const isMatch = (row: Row, { by, values, exclude }: Match) =>
    values.some((value) => (value === '' ? null : value) === valueOf(row, by)) !== exclude;
  return rows.filter(
    (row) =>
      isIn(row.clusterName, where.clusterNames) &&
      isIn(row.namespace, where.namespaces) &&
      isIn(row.workloadType, where.workloadTypes) &&
      isIn(row.workloadName, where.workloadNames) &&
      dimensions.every((match) => isMatch(row, match)) &&
      (search === '' ||
        [row.clusterName, row.namespace, row.workloadName].some((name) =>
          (name ?? '').toLowerCase().includes(search.toLowerCase()),
        )) &&
      isWithin(row.totalCost, minTotalCost, maxTotalCost) &&
      isWithin(row.savingsAvailable, minSavingsAvailable, undefined),
  );
}

/**
 * Null last in both directions, names by Unicode code point; equal rows by their ids, or in their given order when the
 * test has no ids.
 */
export function sortRows(rows: readonly Row[], orderBy: readonly RowOrder[] = [], ids?: RowIds): Row[] {
  const bytesOf = (row: Row): Buffer => Buffer.from(ids?.get(row.services[0]!) ?? '', 'base64url');
  // Array.prototype.sort is stable.
  return [...rows].sort((a, b) => {
    for (const { field, direction } of orderBy) {
      const difference = compare(a[field], b[field], direction);
      if (difference !== 0) return difference;
    }
    return orderBy.length === 0 ? 0 : Buffer.compare(bytesOf(a), bytesOf(b));
  });
}

/** The ids of rows by their places, which anyReport writes into `services`. */
type RowIds = ReadonlyMap<string, string>;

type Key = string | number | null;

function compare(a: Key, b: Key, direction: 'ASC' | 'DESC'): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const ascending =
    typeof a === 'number'
      ? Number(a > (b as number)) - Number(a < (b as number))
      : compareCodePoints(Array.from(a), Array.from(b as string));
  return direction === 'ASC' ? ascending : -ascending;
}

function compareCodePoints(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((character, index) => character !== b[index]);
  if (at < 0) return a.length - b.length;
  return a[at]!.codePointAt(0)! - (b[at]?.codePointAt(0) ?? -1);
}

/** A page by https://relay.dev/graphql/connections.htm, step by step; cursors are indexes in the list. */
export function paginate<T>(
  all: readonly T[],
  { first, after, last, before }: Partial<Record<'first' | 'after' | 'last' | 'before', number | undefined>>,
) {
  let edges = all.map((node, cursor) => ({ node, cursor }));
  if (after !== undefined) edges = edges.slice(edges.findIndex(({ cursor }) => cursor === after) + 1);
  const beforeAt = edges.findIndex(({ cursor }) => cursor === before);
  if (beforeAt >= 0) edges = edges.slice(0, beforeAt);
  const count = edges.length;
  if (first !== undefined && edges.length > first) edges = edges.slice(0, first);
  if (last !== undefined && edges.length > last) edges = edges.slice(edges.length - last);
  return {
    edges,
    // Without `first`, rows may follow because of `before`: at least the row of the cursor, which is not on the page.
    hasNextPage: first !== undefined ? count > first : before !== undefined && beforeAt >= 0,
    hasPreviousPage: last !== undefined ? count > last : after !== undefined,
  };
}

export interface ExpectedTotals extends Record<Summed, number> {
  readonly rowCount: number;
  readonly onDemandPercent: number | null;
  readonly spotPercent: number | null;
}

export function addUp(rows: readonly Row[]): ExpectedTotals {
  const sums = Object.fromEntries(
    SUMMED.map((field) => [
      field,
      sumExactly(
        rows.map((row) => row[field]),
        rows[0] && decimalColumns.get(rows[0])?.has(field),
      ),
    ]),
  ) as unknown as Record<Summed, number>;
  const hours = sums.onDemandHours + sums.spotHours;
  return {
    rowCount: rows.length,
    ...sums,
    onDemandPercent: divide(100 * sums.onDemandHours, hours),
    spotPercent: divide(100 * sums.spotHours, hours),
  };
}

export function groupRows(
  rows: readonly Row[],
  { by, orderBy, first }: { by: readonly Dimension[]; orderBy: Order<GroupField>; first?: number | undefined },
) {
  const keysOf = (row: Row) => by.map((each) => valueOf(row, each));
  const groups = new Map<string, { keys: (string | null)[]; rows: Row[] }>();
  for (const row of rows) {
    const keys = keysOf(row);
    const group = groups.get(JSON.stringify(keys)) ?? { keys, rows: [] };
    group.rows.push(row);
    groups.set(JSON.stringify(keys), group);
  }
  const totals = addUp(rows);
  const sorted = [...groups.values()]
    .map((group) => ({ ...group, totals: addUp(group.rows) }))
    .sort((a, b) => {
      const { field, direction } = orderBy;
      if (field !== 'key') return compare(a.totals[field], b.totals[field], direction);
      return by.map((_, at) => compare(a.keys[at]!, b.keys[at]!, direction)).find((each) => each !== 0) ?? 0;
    });
  const shown = sorted.slice(0, first);
  const rest = sorted.slice(first ?? sorted.length);
  return {
    groups: shown.map(({ keys, totals: sums }) => ({
      keys,
      totals: sums,
      share: divide(sums.totalCost, totals.totalCost),
    })),
    others: rest.length === 0 ? null : addUp(rest.flatMap((group) => group.rows)),
    groupCount: sorted.length,
    totals,
  };
}

/** A decimal unit and 2 to the power of -1074 are both multiples of this unit. */
const UNITS_PER_DECIMAL = 2n ** BigInt(UNIT_EXPONENT);
const UNITS_PER_DOUBLE = 10n ** BigInt(DECIMAL_EXPONENT);
const FIVES = 5n ** BigInt(UNIT_EXPONENT);

/** The exact sum of a field, in units that differences of reports with other decimal units are whole numbers of. */
export function sumToUnits(rows: readonly Row[], field: Summed): bigint {
  const known = rows.map((row) => row[field]).filter((value) => value !== null);
  if (rows[0] === undefined || !decimalColumns.get(rows[0])!.has(field)) {
    return known.reduce((sum, value) => sum + toUnits(value) * UNITS_PER_DOUBLE, 0n);
  }
  return known.reduce((sum, value) => sum + toDecimalUnits(value)! * UNITS_PER_DECIMAL, 0n);
}

/** The nearest double; capped at the largest one. */
export function roundUnits(units: bigint): number {
  const nearest = Number(`${units * FIVES}e-${UNIT_EXPONENT + DECIMAL_EXPONENT}`);
  return Number.isFinite(nearest) ? nearest : Math.sign(nearest) * Number.MAX_VALUE;
}

/** The rows by their keys. */
export function groupByKeys(rows: readonly Row[], by: readonly Dimension[]) {
  const groups = new Map<string, { readonly keys: readonly (string | null)[]; readonly rows: Row[] }>();
  for (const row of rows) {
    const keys = by.map((each) => valueOf(row, each));
    const group = groups.get(JSON.stringify(keys)) ?? { keys, rows: [] };
    group.rows.push(row);
    groups.set(JSON.stringify(keys), group);
  }
  return groups;
}

/** By number with null last, and equal numbers by key from A to Z; without numbers by key in the direction. */
export function compareByKeys(
  a: { readonly keys: readonly (string | null)[]; readonly value?: number | null },
  b: typeof a,
  direction: 'ASC' | 'DESC',
): number {
  if (a.value === undefined || b.value === undefined) return compareLists(a.keys, b.keys, direction);
  return compare(a.value, b.value, direction) || compareLists(a.keys, b.keys, 'ASC');
}

function compareLists(a: readonly (string | null)[], b: typeof a, direction: 'ASC' | 'DESC'): number {
  return a.map((key, at) => compare(key, b[at]!, direction)).find((each) => each !== 0) ?? 0;
}

/** The value of a row in a dimension; an empty value means no value. */
export function valueOf(row: Row, by: Dimension): string | null {
  if ('field' in by) return row[by.field];
  if ('annotation' in by) return labelOf(row.annotations, by.annotation);
  const keys = 'label' in by ? [by.label] : by.anyLabel;
  const values = keys.flatMap((key) => [labelOf(row.ownerLabels, key), labelOf(row.labels, key)]);
  return values.find((value) => value !== null) ?? null;
}

/** The first value of a key; null when there is none, or an empty one. */
function labelOf(list: readonly Label[] | null, key: string): string | null {
  const { value = '' } = list?.find((each) => each.key === key) ?? {};
  return value === '' ? null : value;
}

// --------------------------------------------------------------------------------------------------------- reports

type RawLabels = readonly Label[] | Readonly<Record<string, string>> | null | undefined;
type Raw = Partial<Record<Name, string | null>> &
  Partial<Record<Numeric, number | null>> & {
    id?: string;
    services?: readonly string[] | null;
  } & Partial<Record<'labels' | 'annotations' | 'ownerLabels', RawLabels>>;
/** The upstream's JSON of a report. */
export interface UpstreamReport {
  aggregatedWorkloads: Raw[] | null;
}

const NAME_TEXTS = ['a', 'b', 'A', 'api', 'API-2', 'x.*', 'É', 'constructor', '__proto__'];
// The last character of the basic plane, one beyond it, and half surrogate pairs.
const HARD_TEXTS = [
  '\ue000',
  '\uffff',
  '😀',
  '😀b',
  '🙃',
  '\ud83d',
  '\ude00',
  '\ud83d\ue000',
  '\ud7ff',
  '\ud83d\u{10000}',
];
const ID_TEXTS = ['a', 'A', 'id', 'id.1', '1.id', 'x%20y', '%d83d', '', '😀', '\ud83d', '\ude00', 'two\nlines'];
const EXTREME_NUMBERS = [5e-324, -5e-324, 1e-300, 1e-20, 1e16, -1e16, 1e100, -1e100, 1e308, -1e308, Number.MAX_VALUE];
const LABEL_KEYS = ['team', 'env', 'constructor', '__proto__', 'toString'];
const LABEL_VALUES = ['', 'a', 'b', 'A', '😀'];

const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...NAME_TEXTS) }, fc.constantFrom(...HARD_TEXTS));
const number = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, -0, 1, 2, 3, -1, 0.1, 0.2, 0.3, 0.000001, 1234.567891) },
  { weight: 1, arbitrary: fc.constantFrom(...EXTREME_NUMBERS) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
);
const label = fc.record({ key: fc.constantFrom(...LABEL_KEYS), value: fc.constantFrom(...LABEL_VALUES) });
const labels: fc.Arbitrary<RawLabels> = fc.oneof(
  fc.array(label, { maxLength: 3 }),
  fc.array(label, { maxLength: 3 }).map((list) => Object.fromEntries(list.map(({ key, value }) => [key, value]))),
  fc.constant(null),
);
const orNothing = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 5 });

const row = fc.record(
  {
    id: fc.constantFrom(...ID_TEXTS.map((text) => `${text}-`), ...ID_TEXTS.filter((text) => text !== '')),
    ...each(NAMES, orNothing(fc.oneof({ weight: 9, arbitrary: name }, fc.constant('')))),
    ...each(NUMBERS, orNothing(number)),
    amountOfWorkloads: orNothing(fc.integer({ min: 0, max: 3 })),
    labels,
    annotations: labels,
    ownerLabels: labels,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Raw>;

function each<Field extends string, T>(fields: readonly Field[], arbitrary: fc.Arbitrary<T>) {
  return Object.fromEntries(fields.map((field) => [field, arbitrary])) as Record<Field, fc.Arbitrary<T>>;
}

/** Any report. Each row has its index in `services`, to distinguish rows with the same id. */
export const anyReport = (maxLength = 24, minLength = 0): fc.Arbitrary<UpstreamReport> =>
  fc.array(row, { minLength, maxLength }).map((list) => ({
    aggregatedWorkloads: list.length === 0 ? null : list.map((raw, at) => ({ ...raw, services: [`row ${at}`] })),
  }));

const direction = fc.constantFrom('ASC' as const, 'DESC' as const);
const nameList = fc.array(name, { minLength: 1, maxLength: 4 });

const anyDimension: fc.Arbitrary<Dimension> = fc.oneof(
  fc.record({ field: fc.constantFrom(...NAMES) }),
  fc.record({ label: fc.constantFrom(...LABEL_KEYS, 'nobody has this') }),
  fc.record({ annotation: fc.constantFrom(...LABEL_KEYS, 'nobody has this') }),
  fc.record({ anyLabel: fc.array(fc.constantFrom(...LABEL_KEYS), { minLength: 1, maxLength: 3 }) }),
);
const anyMatch: fc.Arbitrary<Match> = fc.record({
  by: anyDimension,
  values: fc.array(fc.option(fc.constantFrom(...LABEL_VALUES, ...NAME_TEXTS), { nil: null }), {
    minLength: 1,
    maxLength: 3,
  }),
  exclude: fc.boolean(),
});

const anyCondition = fc.record({
  clusterNames: nameList,
  namespaces: nameList,
  workloadTypes: nameList,
  workloadNames: nameList,
  dimensions: fc.array(anyMatch, { minLength: 1, maxLength: 2 }),
  search: fc.constantFrom('', 'a', 'A', 'pi', '.', '.*', 'é', '😀', '\ud83d', 'nothing has this'),
  minTotalCost: number,
  maxTotalCost: number,
  minSavingsAvailable: number,
});
const CONDITIONS = [
  'clusterNames',
  'namespaces',
  'workloadTypes',
  'workloadNames',
  'dimensions',
  'search',
  'minTotalCost',
  'maxTotalCost',
  'minSavingsAvailable',
] as const;

/** Few conditions, so that some rows match and some do not. */
export const anyWhere: fc.Arbitrary<Where | undefined> = fc.option(
  fc
    .tuple(anyCondition, fc.subarray([...CONDITIONS], { maxLength: 2 }))
    .map(([all, names]) => Object.fromEntries(names.map((each) => [each, all[each]]))),
  { nil: undefined, freq: 4 },
);
export const anyOrder: fc.Arbitrary<RowOrder[]> = fc.array(
  fc.record({ field: fc.constantFrom(...NAMES, ...NUMBERS), direction }),
  { maxLength: 4 },
);
export const anyDimensions: fc.Arbitrary<Dimension[]> = fc.array(anyDimension, { minLength: 1, maxLength: 5 });
export const anyGroupOrder: fc.Arbitrary<Order<GroupField>> = fc.record({
  field: fc.constantFrom<GroupField[]>(...SUMMED, 'rowCount', 'key', 'key'),
  direction,
});
export const anyFirst = fc.option(fc.nat({ max: 6 }), { nil: undefined });
