// Members of a response that indicate that a part of the report is missing. member-values.ts judges their values.

import { warnOnce, type ReportWarning } from '../../warnings.js';
import { isFalse, isFailure, isOmission, hasMorePages, listsNames } from './member-values.js';

/**
 * Names of members by the test of their values. `warnings` and `message` are not among them: they may be about anything,
 * such as a deprecated parameter.
 */
const MEMBERS: readonly (readonly [isPartial: (value: unknown) => boolean, names: string])[] = [
  [isFailure, 'error errors errorMessage clusterErrors partialErrors partialFailure partialFailures failed failures'],
  [listsNames, 'failedClusters failedNamespaces failedSources unreachableClusters unreachableNamespaces'],
  [listsNames, 'unreachableSources unavailableClusters unavailableNamespaces unavailableSources missingClusters'],
  [listsNames, 'missingNamespaces missingSources skippedClusters skippedNamespaces omittedClusters omittedNamespaces'],
  [isOmission, 'missingData omittedEntries omitted truncation truncated isTruncated partial isPartial partialResult'],
  [isOmission, 'partialResults partialResponse partialAnswer partialData incomplete isIncomplete timedOut isTimedOut'],
  [isOmission, 'more hasMore moreAvailable hasNext hasNextPage next nextPage nextPageToken nextToken nextCursor'],
  [isOmission, 'nextLink nextUrl nextPageUrl continue continueToken continuationToken remainingItemCount'],
  [hasMorePages, 'totalPages pageCount numPages lastPage'],
  [isFalse, 'complete isComplete success isSuccess successful ok isOk isLastPage'],
];
/** Members that describe the response; their own members are checked too. */
const CONTAINERS = ['meta', 'metadata', 'page', 'pageInfo', 'pagination', 'paging'];

/** A longer name is none of these, and is not folded. */
const MAX_NAME = 40;

const BY_NAME = new Map(
  MEMBERS.flatMap(([isPartial, names]) =>
    names.split(' ').map((name) => [foldName(name), { name, isPartial }] as const),
  ),
);
const CONTAINERS_BY_NAME = new Map(CONTAINERS.map((name) => [foldName(name), name]));

/**
 * A PARTIAL_ANSWER for each such member, also one level down: `pageInfo.hasNextPage`. Names are compared without regard to
 * case, underscores and hyphens.
 */
export function findPartialMembers(members: ReadonlyMap<string, unknown>): readonly ReportWarning[] {
  const names = new Set(findNames(members));
  for (const [name, value] of members) {
    const container = CONTAINERS_BY_NAME.get(foldName(name));
    if (container === undefined || typeof value !== 'object' || value === null) continue;
    for (const inner of findNames(Object.entries(value))) names.add(`${container}.${inner}`);
  }
  return Array.from(names, (name) => warnOnce('PARTIAL_ANSWER', name));
}

/** Whether a member of this name may indicate that data is missing. */
export function isPartialMember(name: string): boolean {
  const folded = foldName(name);
  return BY_NAME.has(folded) || CONTAINERS_BY_NAME.has(folded);
}

function* findNames(members: Iterable<readonly [string, unknown]>): Generator<string> {
  for (const [name, value] of members) {
    const member = BY_NAME.get(foldName(name));
    if (member?.isPartial(value)) yield member.name;
  }
}

function foldName(name: string): string {
  return name.length > MAX_NAME ? '' : name.replace(/[-_]/g, '').toLowerCase();
}
