// Finds workloads that have more than one row. Names are compared ignoring case, as for entities.

import { foldCase } from '../columns/case-folding.js';
import { NAME_FIELDS, type Columns, type NameColumn } from '../columns/columns.js';
import { RowTable } from '../row-hashes.js';
import { RowMarks } from '../warnings.js';

/**
 * Marks each row of a workload except the first. Rows without one of the four names are no workloads.
 * @param rows the rows to compare; all by default.
 */
export function markDuplicates(names: Columns['names'], rows?: Uint32Array): RowMarks {
  const marks = new RowMarks();
  // A report of groups has no names of workloads: one distinct value stands for null.
  if (NAME_FIELDS.some((field) => names[field].values.length <= 1)) return marks;
  const [clusters, namespaces, workloads, types] = NAME_FIELDS.map((field) => toFoldedCodes(names[field])) as Codes;
  const rowCount = rows?.length ?? clusters.length;
  const isSame = (a: number, b: number): boolean =>
    workloads[a] === workloads[b] &&
    namespaces[a] === namespaces[b] &&
    clusters[a] === clusters[b] &&
    types[a] === types[b];
  const hashOf = (row: number): number => mix(clusters[row]!, namespaces[row]!, workloads[row]!, types[row]!);
  const table = new RowTable(rowCount, hashOf, isSame);
  for (let at = 0; at < rowCount; at += 1) {
    const row = rows?.[at] ?? at;
    const isNamed = clusters[row] !== 0 && namespaces[row] !== 0 && workloads[row] !== 0 && types[row] !== 0;
    if (isNamed && table.add(row) !== row) marks.add(row);
  }
  return marks;
}

type Codes = [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** Chosen at random, so that no response can be made whose rows have equal hashes. */
const FACTORS = Int32Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 32) | 1);
const [CLUSTER, NAMESPACE, WORKLOAD, TYPE] = FACTORS as unknown as readonly [number, number, number, number];

function mix(cluster: number, namespace: number, workload: number, type: number): number {
  const names = Math.imul(cluster, CLUSTER) + Math.imul(namespace, NAMESPACE);
  const sum = names + Math.imul(workload, WORKLOAD) + Math.imul(type, TYPE);
  return Math.imul(sum ^ (sum >>> 15), WORKLOAD) >>> 7;
}

/** The code of each row; names that differ only in case have the code of the first of them. */
function toFoldedCodes({ codes, values }: NameColumn): Uint32Array {
  // Most Kubernetes names are in lower case.
  if (values.isFolded?.() === true) return codes;
  const first = new Map<string, number>();
  const folded = Uint32Array.from(values.slice(), (name, code) => {
    const key = foldCase(name);
    const known = first.get(key) ?? code;
    first.set(key, known);
    return known;
  });
  return codes.map((code) => folded[code]!);
}
