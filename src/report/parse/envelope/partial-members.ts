// Members of a response that say that a part of the report is missing. What a value says is in member-values.ts.

import { warnOnce, type ReportWarning } from '../../warnings.js';
import { isDenied, saysFailed, saysMissing, saysMore, saysNamed } from './member-values.js';

type Says = (value: unknown) => boolean;

/**
 * Members by what of their values says that something is missing. `warnings` and `message` are not among them: they may be
 * about anything, such as a parameter that is deprecated.
 */
const MEMBERS: readonly (readonly [says: Says, names: string])[] = [
  [saysFailed, 'error errors errorMessage clusterErrors partialErrors partialFailure partialFailures failed failures'],
  [saysNamed, 'failedClusters failedNamespaces failedSources unreachableClusters unreachableNamespaces'],
  [saysNamed, 'unreachableSources unavailableClusters unavailableNamespaces unavailableSources missingClusters'],
  [saysNamed, 'missingNamespaces missingSources skippedClusters skippedNamespaces omittedClusters omittedNamespaces'],
  [saysMissing, 'missingData omittedEntries omitted truncation truncated isTruncated partial isPartial partialResult'],
  [saysMissing, 'partialResults partialResponse partialAnswer partialData incomplete isIncomplete timedOut isTimedOut'],
  [saysMissing, 'more hasMore moreAvailable hasNext hasNextPage next nextPage nextPageToken nextToken nextCursor'],
  [saysMissing, 'nextLink nextUrl nextPageUrl continue continueToken continuationToken remainingItemCount'],
  [saysMore, 'totalPages pageCount numPages lastPage'],
  [isDenied, 'complete isComplete success isSuccess successful ok isOk isLastPage'],
];
/** Members that describe the response; their own members are looked at too. */
const CONTAINERS = ['meta', 'metadata', 'page', 'pageInfo', 'pagination', 'paging'];

/** A longer name is none of these, and is not folded. */
const MAX_NAME = 40;

const BY_NAME = new Map(
  MEMBERS.flatMap(([says, names]) => names.split(' ').map((name) => [foldName(name), { name, says }] as const)),
);
const CONTAINERS_BY_NAME = new Map(CONTAINERS.map((name) => [foldName(name), name]));

/**
 * A PARTIAL_ANSWER for each such member, also one level down: `pageInfo.hasNextPage`. Names are compared without regard to
 * case, underscores and hyphens.
 */
export function findPartialMembers(members: ReadonlyMap<string, unknown>): readonly ReportWarning[] {
  const found = new Set(findNames(members));
  for (const [name, value] of members) {
    const container = CONTAINERS_BY_NAME.get(foldName(name));
    if (container === undefined || typeof value !== 'object' || value === null) continue;
    for (const inner of findNames(Object.entries(value))) found.add(`${container}.${inner}`);
  }
  return Array.from(found, (name) => warnOnce('PARTIAL_ANSWER', name));
}

/** Whether a member of this name may say that something is missing. */
export function isPartialMember(name: string): boolean {
  const folded = foldName(name);
  return BY_NAME.has(folded) || CONTAINERS_BY_NAME.has(folded);
}

function* findNames(members: Iterable<readonly [string, unknown]>): Generator<string> {
  for (const [name, value] of members) {
    const member = BY_NAME.get(foldName(name));
    if (member?.says(value)) yield member.name;
  }
}

function foldName(name: string): string {
  return name.length > MAX_NAME ? '' : name.replace(/[-_]/g, '').toLowerCase();
}
