// What somebody may see of the fleet: some clusters, some namespaces, some namespaces of some clusters. Names are compared
// exactly as they are written: two clusters whose names differ in case alone are two.

import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { foldCase } from '../columns/case-folding.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';

/** Every namespace in the one list of every cluster in the other. A list that is left out: all there are. */
export interface PermissionRule {
  readonly clusters?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
}

/** Permissions that leave something out. Whoever may see everything has none of these. */
export interface Permissions {
  /** Equal for equal permissions. */
  readonly key: string;
  /** The clusters of which something may be seen, in order; undefined: any. */
  readonly clusters: readonly string[] | undefined;
  /** Whether of some cluster not all namespaces may be seen. */
  readonly limitsNamespaces: boolean;
  /** Whether something of this cluster may be seen. */
  hasCluster(name: string): boolean;
  /** Whether this namespace may be seen in one of these clusters; undefined: in any. */
  hasNamespace(name: string, clusters?: readonly string[]): boolean;
  /**
   * What has all that may be seen of these clusters and namespaces, also where these are taken without regard to case;
   * undefined, as an argument and in the result: any.
   */
  within(clusters?: readonly string[], namespaces?: readonly string[]): PermissionRule;
  /** The numbers of the rows that may be seen, of those in `among` and in their order. */
  findRows(columns: Columns, among: Uint32Array): Steps<Uint32Array>;
}

/** All that is in one of `list` may be seen. Undefined where that is everything. */
export function createPermissions(list: readonly PermissionRule[]): Permissions | undefined {
  const isEverything = list.some(({ clusters, namespaces }) => clusters === undefined && namespaces === undefined);
  return isEverything ? undefined : toGrants(list);
}

function toGrants(list: readonly PermissionRule[]): Permissions {
  const permissions = list.map(({ clusters, namespaces }) => ({
    clusters: clusters && new Set(clusters),
    namespaces: namespaces && new Set(namespaces),
  }));
  const ofCluster = (name: string | null) => permissions.filter(({ clusters }) => isIn(clusters, name));
  return {
    key: JSON.stringify(list.map(({ clusters, namespaces }) => [sort(clusters), sort(namespaces)]).sort(byText)),
    clusters: unite(permissions.map(({ clusters }) => clusters)),
    limitsNamespaces: permissions.some(({ namespaces }) => namespaces !== undefined),
    hasCluster: (name) => ofCluster(name).length > 0,
    hasNamespace: (name, among) =>
      (among?.flatMap(ofCluster) ?? permissions).some(({ namespaces }) => isIn(namespaces, name)),
    within(clusters, namespaces) {
      const own = permissions
        .map((each) => ({
          clusters: intersect(each.clusters, clusters),
          namespaces: intersect(each.namespaces, namespaces),
        }))
        .filter((each) => each.clusters?.size !== 0 && each.namespaces?.size !== 0);
      return {
        clusters: unite(own.map((each) => each.clusters)),
        namespaces: unite(own.map((each) => each.namespaces)),
      };
    },
    findRows: (columns, among) =>
      findVisibleRows(columns, among, (cluster, name) =>
        ofCluster(cluster).some((each) => isIn(each.namespaces, name)),
      ),
  };
}

/** Looks a pair of names up once, however many rows have it. */
function* findVisibleRows(
  { names: { clusterName, namespace } }: Columns,
  among: Uint32Array,
  isVisible: (cluster: string | null, namespace: string | null) => boolean,
): Steps<Uint32Array> {
  const known = new Map<number, boolean>();
  const rows = new Uint32Array(among.length);
  let count = 0;
  yield* inRanges(
    among.length,
    (from, to) => {
      for (let at = from; at < to; at += 1) {
        const row = among[at]!;
        const [cluster, name] = [clusterName.codes[row]!, namespace.codes[row]!];
        const pair = cluster * namespace.values.length + name;
        let visible = known.get(pair);
        if (visible === undefined) {
          known.set(pair, (visible = isVisible(nameOf(clusterName, cluster), nameOf(namespace, name))));
        }
        if (visible) rows[count++] = row;
      }
    },
    ITEMS_PER_STEP,
  );
  return rows.slice(0, count);
}

/** Nothing may be seen. */
export const NOTHING: Permissions = toGrants([]);

/** A row that names none is in no list. */
function isIn(names: ReadonlySet<string> | undefined, name: string | null): boolean {
  return names === undefined || (name !== null && names.has(name));
}

function intersect(granted: ReadonlySet<string> | undefined, names: readonly string[] | undefined) {
  if (granted === undefined || names === undefined) return granted ?? (names && new Set(names));
  const folded = new Set(Array.from(granted, foldCase));
  return new Set(names.filter((name) => folded.has(foldCase(name))));
}

function unite(sets: readonly (ReadonlySet<string> | undefined)[]): readonly string[] | undefined {
  const all = sets.flatMap((names) => (names === undefined ? [] : [...names]));
  return sets.includes(undefined) ? undefined : [...new Set(all)].sort();
}

function sort(names: readonly string[] | undefined): readonly string[] | null {
  return names === undefined ? null : [...new Set(names)].sort();
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
