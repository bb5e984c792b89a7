// How a report holds its rows: one column a field, so that a question reads only what it is about. Numbers are typed
// arrays, names are codes into a list of the distinct ones. Rows are views that are made when somebody looks.

import type { NumberColumn } from './decimal-column.js';
import type { Label } from './label.js';

/** The numbers that can be added up. Percentages cannot: they are worked out from the hours. */
export const SUM_FIELDS = [
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
export type SumField = (typeof SUM_FIELDS)[number];

/** The fields of a row that are numbers. */
export const NUMBER_FIELDS = [...SUM_FIELDS, 'onDemandPercent', 'spotPercent'] as const;
export type NumberField = (typeof NUMBER_FIELDS)[number];

/** The fields of a row that are names. */
export const NAME_FIELDS = ['clusterName', 'namespace', 'workloadName', 'workloadType'] as const;
export type NameField = (typeof NAME_FIELDS)[number];

/** Names by row: `values[codes[row]]`. The first value is null, for rows without a name. */
export interface NameColumn {
  readonly codes: Uint32Array;
  readonly values: readonly (string | null)[];
}

/** All rows of a report, by field. The n-th entry of each column belongs to the n-th row. */
export interface Columns {
  readonly rowCount: number;
  readonly ids: readonly string[];
  readonly numbers: Readonly<Record<NumberField, NumberColumn>>;
  readonly names: Readonly<Record<NameField, NameColumn>>;
  readonly labels: readonly (readonly Label[] | null)[];
  readonly annotations: readonly (readonly Label[] | null)[];
  readonly ownerLabels: readonly (readonly Label[])[];
  readonly services: readonly (readonly string[])[];
  /** The one object that stands for this label in all of the lists above; undefined where no row has it. */
  readonly findLabel: (key: string, value: string) => Label | undefined;
}

/** Gives each distinct name a code, in the order in which they come. */
export interface NameColumnWriter {
  write(row: number, name: string | null): void;
  readonly column: NameColumn;
}

export function createNameColumn(rowCount: number): NameColumnWriter {
  const codes = new Uint32Array(rowCount);
  const values: (string | null)[] = [null];
  const known = new Map<string | null, number>([[null, 0]]);
  return {
    column: { codes, values },
    write(row, name) {
      let code = known.get(name);
      if (code === undefined) {
        code = values.push(name) - 1;
        known.set(name, code);
      }
      codes[row] = code;
    },
  };
}

/** One thing for each field. */
export function byField<Field extends NameField | NumberField, T>(
  fields: readonly Field[],
  make: (field: Field) => T,
): Record<Field, T> {
  return Object.fromEntries(fields.map((field) => [field, make(field)])) as Record<Field, T>;
}
