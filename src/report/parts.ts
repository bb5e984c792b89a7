// The rows of a report that belong to one cluster or namespace, as columns of their own: just what the upstream would
// have answered about that part alone.

import { byField, createNameColumn, NAME_FIELDS, NUMBER_FIELDS, type Columns, type NameColumn } from './columns.js';
import { createNumberColumn, type NumberColumn } from './decimal-column.js';
import { foldCase, type Scope } from './scope.js';

/** The numbers of the rows of each scope that has any, in the upstream's order. */
export function findScopes({ rowCount, names }: Columns, scopes: readonly Scope[]): [Scope, number[]][] {
  const clusterCodes = indexNames(names.clusterName.values);
  const namespaceCodes = indexNames(names.namespace.values);
  // Where a row goes is looked up by the codes of its names: a few steps a row, however many scopes there are.
  const wholes: number[][][] = [];
  const parts: number[][][][] = [];
  const found = scopes.map((scope): [Scope, number[]] => {
    const rows: number[] = [];
    for (const cluster of clusterCodes.get(foldCase(scope.clusterName)) ?? []) {
      if (scope.namespace === undefined) (wholes[cluster] ??= []).push(rows);
      else {
        const own = (parts[cluster] ??= []);
        for (const code of namespaceCodes.get(foldCase(scope.namespace)) ?? []) (own[code] ??= []).push(rows);
      }
    }
    return [scope, rows];
  });
  for (let row = 0; row < rowCount; row += 1) {
    const cluster = names.clusterName.codes[row]!;
    for (const rows of wholes[cluster] ?? []) rows.push(row);
    for (const rows of parts[cluster]?.[names.namespace.codes[row]!] ?? []) rows.push(row);
  }
  return found.filter(([, rows]) => rows.length > 0);
}

/** Names that differ in case alone are one name with several codes. */
function indexNames(values: readonly (string | null)[]): Map<string, number[]> {
  const codes = new Map<string, number[]>();
  values.forEach((name, code) => {
    if (name === null) return;
    const known = codes.get(foldCase(name));
    if (known === undefined) codes.set(foldCase(name), [code]);
    else known.push(code);
  });
  return codes;
}

/** The columns of these rows alone. */
export function pickRows(columns: Columns, rows: readonly number[]): Columns {
  const pick = <T>(list: readonly T[]): T[] => rows.map((row) => list[row]!);
  const pickNumbers = ({ units, scale }: NumberColumn) =>
    // Written anew: a column is as exact as its numbers let it be, and other rows have no say in that.
    createNumberColumn(Float64Array.from(rows, (row) => units[row]! / scale));
  const pickNames = ({ codes, values }: NameColumn) => {
    const writer = createNameColumn(rows.length);
    rows.forEach((row, at) => {
      writer.write(at, values[codes[row]!]!);
    });
    return writer.column;
  };
  return {
    rowCount: rows.length,
    ids: pick(columns.ids),
    numbers: byField(NUMBER_FIELDS, (field) => pickNumbers(columns.numbers[field])),
    names: byField(NAME_FIELDS, (field) => pickNames(columns.names[field])),
    labels: pick(columns.labels),
    annotations: pick(columns.annotations),
    ownerLabels: pick(columns.ownerLabels),
    services: pick(columns.services),
    findLabel: columns.findLabel,
  };
}
