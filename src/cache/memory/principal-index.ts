// Finds the cached reports of one principal: all of them, to purge them, or those that differ from a request only in
// their clusters and namespaces, and so may contain its rows. Bounded by the report store.

import type { WorkloadCostsRequest } from '../../report/request.js';
import { relatedKey } from '../../report/entities/entity-request.js';
import type { ReportEntry, WorkloadEntry } from './report-entry.js';

interface PrincipalEntries {
  readonly all: Set<ReportEntry>;
  /** By related key, oldest first. Only workload reports have related reports. */
  readonly related: Map<string, Set<WorkloadEntry>>;
}

/** The bound of a group of related reports, because each lookup sorts one; beyond it the oldest is not found here. */
const MAX_CANDIDATES = 256;

export class PrincipalIndex {
  readonly #principals = new Map<string, PrincipalEntries>();

  add(entry: ReportEntry): void {
    const { id } = entry.principal;
    const entries: PrincipalEntries = this.#principals.get(id) ?? { all: new Set(), related: new Map() };
    this.#principals.set(id, entries);
    entries.all.add(entry);
    if (!isWorkloadEntry(entry)) return;
    const group = relatedKey(entry.request);
    const related = entries.related.get(group) ?? new Set<WorkloadEntry>();
    entries.related.set(group, related.add(entry));
    const [oldest] = related;
    if (related.size > MAX_CANDIDATES && oldest !== undefined) related.delete(oldest);
  }

  remove(entry: ReportEntry): void {
    const { id } = entry.principal;
    const entries = this.#principals.get(id);
    if (entries === undefined) return;
    entries.all.delete(entry);
    if (entries.all.size === 0) this.#principals.delete(id);
    if (!isWorkloadEntry(entry)) return;
    const group = relatedKey(entry.request);
    const related = entries.related.get(group);
    related?.delete(entry);
    if (related?.size === 0) entries.related.delete(group);
  }

  entriesOf(principalId: string): readonly ReportEntry[] {
    return [...(this.#principals.get(principalId)?.all ?? [])];
  }

  /** The newest reports related to `base`, at most MAX_CANDIDATES. */
  relatedTo(principalId: string, base: WorkloadCostsRequest): readonly WorkloadEntry[] {
    return [...(this.#principals.get(principalId)?.related.get(relatedKey(base)) ?? [])];
  }
}

/** A partial report is not used for other requests: the rows that it lacks may exist. */
function isWorkloadEntry(entry: ReportEntry): entry is WorkloadEntry {
  return entry.request.report === 'workloads' && !entry.report.isPartial;
}
