// Which clusters and namespaces a caller may see. Names are compared exactly: two clusters whose names differ only in case
// are two clusters.

import { nameOf } from '../columns/cells.js';
import type { Columns } from '../columns/columns.js';
import { foldCase } from '../columns/case-folding.js';
import { filterRows } from '../query/filter-rows.js';
import type { Computation } from '../computation.js';

/** Allows each of the namespaces in each of the clusters. An omitted list means all. */
export interface PermissionRule {
  readonly clusters?: readonly string[] | undefined;
  readonly namespaces?: readonly string[] | undefined;
}

/** Allows what any of the rules allows; undefined when that is everything. */
export function createPermissions(list: readonly PermissionRule[]): Permissions | undefined {
  const isEverything = list.some(({ clusters, namespaces }) => clusters === undefined && namespaces === undefined);
  return isEverything ? undefined : new Permissions(list);
}

interface NameSets {
  readonly clusters: ReadonlySet<string> | undefined;
  readonly namespaces: ReadonlySet<string> | undefined;
}

/** Permissions of a caller who may not see everything. A caller who may see everything has none. */
export class Permissions {
  /** Equal for equal permissions. */
  readonly key: string;
  /** The clusters of which the caller may see something, sorted; undefined: any cluster. */
  readonly clusters: readonly string[] | undefined;
  /** Whether the caller may see only some namespaces of some cluster. */
  readonly limitsNamespaces: boolean;
  readonly #rules: readonly NameSets[];

  constructor(list: readonly PermissionRule[]) {
    this.#rules = list.map(({ clusters, namespaces }) => ({
      clusters: clusters && new Set(clusters),
      namespaces: namespaces && new Set(namespaces),
    }));
    this.key = JSON.stringify(list.map((rule) => JSON.stringify([sort(rule.clusters), sort(rule.namespaces)])).sort());
    this.clusters = union(this.#rules.map(({ clusters }) => clusters));
    this.limitsNamespaces = this.#rules.some(({ namespaces }) => namespaces !== undefined);
  }

  #rulesFor(name: string | null): readonly NameSets[] {
    return this.#rules.filter(({ clusters }) => includes(clusters, name));
  }

  /** Whether the caller may see something of this cluster. */
  hasCluster(name: string): boolean {
    return this.#rulesFor(name).length > 0;
  }

  /** Whether the caller may see this namespace in one of these clusters; undefined: in any cluster. */
  hasNamespace(name: string, clusters?: readonly string[]): boolean {
    const rules = clusters?.flatMap((cluster) => this.#rulesFor(cluster)) ?? this.#rules;
    return rules.some(({ namespaces }) => includes(namespaces, name));
  }

  /**
   * The clusters and namespaces that include everything the caller may see of the given ones, compared without regard to
   * case. Undefined means all, in arguments and result.
   */
  narrowTo(clusters?: readonly string[], namespaces?: readonly string[]): PermissionRule {
    const rules = this.#rules
      .map((each) => ({
        clusters: intersect(each.clusters, clusters),
        namespaces: intersect(each.namespaces, namespaces),
      }))
      .filter((each) => each.clusters?.size !== 0 && each.namespaces?.size !== 0);
    return {
      clusters: union(rules.map((each) => each.clusters)),
      namespaces: union(rules.map((each) => each.namespaces)),
    };
  }

  /** Which of the rows `among` the caller may see, in their order. Looks up a pair of names once. */
  findRows({ names: { clusterName, namespace } }: Columns, among: Uint32Array): Computation<Uint32Array> {
    const visibility = new Map<number, boolean>();
    return filterRows(among, (row) => {
      const cluster = clusterName.codes[row]!;
      const name = namespace.codes[row]!;
      const pair = cluster * namespace.values.length + name;
      let isVisible = visibility.get(pair);
      if (isVisible === undefined) {
        const rules = this.#rulesFor(nameOf(clusterName, cluster));
        isVisible = rules.some(({ namespaces }) => includes(namespaces, nameOf(namespace, name)));
        visibility.set(pair, isVisible);
      }
      return isVisible;
    });
  }
}

export const NO_PERMISSIONS = new Permissions([]);

/** A row without a name is in no list. */
function includes(names: ReadonlySet<string> | undefined, name: string | null): boolean {
  return names === undefined || (name !== null && names.has(name));
}

function intersect(allowed: ReadonlySet<string> | undefined, names: readonly string[] | undefined) {
  if (allowed === undefined || names === undefined) return allowed ?? (names && new Set(names));
  const folded = new Set(Array.from(allowed, foldCase));
  return new Set(names.filter((name) => folded.has(foldCase(name))));
}

function union(sets: readonly (ReadonlySet<string> | undefined)[]): readonly string[] | undefined {
  const all = sets.flatMap((names) => (names === undefined ? [] : [...names]));
  return sets.includes(undefined) ? undefined : [...new Set(all)].sort();
}

function sort(names: readonly string[] | undefined): readonly string[] | null {
  return names === undefined ? null : [...new Set(names)].sort();
}
