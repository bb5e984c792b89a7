// Which clusters and namespaces a caller may see. Names are compared exactly: two clusters whose names differ in case alone
// are two clusters.

import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { foldCase } from '../columns/case-folding.js';
import { inRanges, ITEMS_PER_STEP, type Steps } from '../steps.js';

/** Allows each of the namespaces in each of the clusters. A list that is left out stands for all. */
export interface PermissionRule {
  readonly clusters?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
}

/** Permissions of a caller who may not see everything. A caller who may see everything has none. */
export interface Permissions {
  /** Equal for equal permissions. */
  readonly key: string;
  /** The clusters of which the caller may see something, sorted; undefined: any cluster. */
  readonly clusters: readonly string[] | undefined;
  /** Whether the caller may see only some namespaces of some cluster. */
  readonly limitsNamespaces: boolean;
  /** Whether the caller may see something of this cluster. */
  hasCluster(name: string): boolean;
  /** Whether the caller may see this namespace in one of these clusters; undefined: in any cluster. */
  hasNamespace(name: string, clusters?: readonly string[]): boolean;
  /**
   * The clusters and namespaces that include everything the caller may see of those given, compared without regard to
   * case. Undefined stands for all, in arguments and result.
   */
  within(clusters?: readonly string[], namespaces?: readonly string[]): PermissionRule;
  /** Those of the rows `among` that the caller may see, in their order. */
  findRows(columns: Columns, among: Uint32Array): Steps<Uint32Array>;
}

/** Allows what any of the rules allows; undefined when that is everything. */
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

/** Allows nothing. */
export const NOTHING: Permissions = toGrants([]);

/** A row without the name is in no list. */
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
