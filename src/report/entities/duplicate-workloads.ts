// Finds workloads that have more than one row. Names are compared without regard to case, as for entities.

import { foldCase } from '../columns/case-folding.js';
import { NAME_FIELDS, type Columns, type NameColumn } from '../columns/columns.js';
import { RowMarks } from '../warnings.js';

/**
 * Marks each row of a workload but its first. Rows without one of the four names are no workloads.
 * @param rows the rows to look at; all by default.
 */
export function markDuplicates(names: Columns['names'], rows?: Uint32Array): RowMarks {
  const marks = new RowMarks();
  // A report of groups has no names of workloads: one distinct value stands for null.
  if (NAME_FIELDS.some((field) => names[field].values.length <= 1)) return marks;
  const [clusters, namespaces, types, workloads] = NAME_FIELDS.map((field) => toFoldedCodes(names[field])) as Codes;
  const rowCount = rows?.length ?? clusters.length;
  const table = createTable(rowCount);
  const mask = table.length - 1;
  for (let at = 0; at < rowCount; at += 1) {
    const row = rows?.[at] ?? at;
    const [cluster, namespace, type, workload] = [clusters[row]!, namespaces[row]!, types[row]!, workloads[row]!];
    if (cluster === 0 || namespace === 0 || type === 0 || workload === 0) continue;
    let slot = mix(cluster, namespace, type, workload) & mask;
    for (;;) {
      const other = table[slot]! - 1;
      if (other < 0) {
        table[slot] = row + 1;
        break;
      }
      const isSame =
        workloads[other] === workload &&
        namespaces[other] === namespace &&
        clusters[other] === cluster &&
        types[other] === type;
      if (isSame) {
        marks.add(row);
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  return marks;
}

type Codes = [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** Row numbers plus one by hash; at most half of the slots are used. */
function createTable(rowCount: number): Uint32Array {
  return new Uint32Array(2 ** Math.ceil(Math.log2(2 * rowCount + 2)));
}

/** Chosen at random, so that no response can be made whose rows have equal hashes. */
const FACTORS = Int32Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 32) | 1);
const [CLUSTER, NAMESPACE, TYPE, WORKLOAD] = FACTORS as unknown as readonly [number, number, number, number];

function mix(cluster: number, namespace: number, type: number, workload: number): number {
  const sum =
    Math.imul(cluster, CLUSTER) +
    Math.imul(namespace, NAMESPACE) +
    Math.imul(type, TYPE) +
    Math.imul(workload, WORKLOAD);
  return Math.imul(sum ^ (sum >>> 15), WORKLOAD) >>> 7;
}

/** The code of each row; names that differ only in case have the code of the first of them. */
function toFoldedCodes({ codes, values }: NameColumn): Uint32Array {
  // Most names of Kubernetes are in lower case, which is quickly seen.
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
