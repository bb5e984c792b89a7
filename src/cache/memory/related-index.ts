// Which kept reports are alike but for the clusters and namespaces that they are about: among them may be one that has
// what is asked for, and more. Only workload reports have such relatives.

import { relatedKey } from '../../report/scopes/scope.js';
import type { ReportRequest, WorkloadCostsRequest } from '../../report/request.js';

/** What is known of a report that is kept, by the key of its entry. */
export interface Member {
  readonly key: string;
  readonly request: WorkloadCostsRequest;
}

export interface Families {
  add(principalId: string, key: string, request: ReportRequest): void;
  remove(principalId: string, key: string, request: ReportRequest): void;
  /** What is kept for the principal of the family of `base`. */
  membersOf(principalId: string, base: WorkloadCostsRequest): Iterable<Member>;
}

export function createFamilies(): Families {
  const families = new Map<string, Map<string, Member>>();
  const nameOf = (principalId: string, request: WorkloadCostsRequest): string =>
    JSON.stringify([principalId, relatedKey(request)]);
  return {
    add(principalId, key, request) {
      if (request.report !== 'workloads') return;
      const name = nameOf(principalId, request);
      const family = families.get(name) ?? new Map<string, Member>();
      families.set(name, family.set(key, { key, request }));
    },
    remove(principalId, key, request) {
      if (request.report !== 'workloads') return;
      const name = nameOf(principalId, request);
      const family = families.get(name);
      family?.delete(key);
      if (family?.size === 0) families.delete(name);
    },
    membersOf: (principalId, base) => families.get(nameOf(principalId, base))?.values() ?? [],
  };
}
