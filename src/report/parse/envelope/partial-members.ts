// Members of a response that say that a part of the report is missing.

import { warnOnce, type ReportWarning } from '../../warnings.js';

/**
 * Members that say, unless they are empty, that something is missing: what failed, what was left out, and where the rest
 * is. `warnings` and `message` are not among them: they may be about anything, such as a parameter that is deprecated.
 */
const PARTIAL_MEMBERS = [
  ...['error', 'errors', 'errorMessage', 'clusterErrors', 'partialErrors', 'partialFailure', 'partialFailures'],
  ...['failed', 'failures', 'failedClusters', 'failedNamespaces', 'failedSources', 'unreachableClusters'],
  ...['missingClusters', 'missingNamespaces', 'missingData', 'skippedClusters', 'omittedClusters', 'omittedEntries'],
  ...['omitted', 'truncation', 'truncated', 'isTruncated', 'partial', 'isPartial', 'partialResult', 'partialResults'],
  ...['partialData', 'incomplete', 'isIncomplete', 'timedOut', 'isTimedOut', 'hasMore', 'nextPage', 'nextPageToken'],
  ...['nextToken', 'nextCursor'],
];
/** Members that say so when they are false. */
const WHOLE_MEMBERS = ['complete', 'isComplete', 'success'];
/** What a PARTIAL_ANSWER may name as its field. */
export const PARTIAL_FIELDS: readonly string[] = [...PARTIAL_MEMBERS, ...WHOLE_MEMBERS];

/** A longer name is none of these, and is not folded. */
const MAX_NAME = 40;

const PARTIAL = byFoldedName(PARTIAL_MEMBERS);
const WHOLE = byFoldedName(WHOLE_MEMBERS);

/** A PARTIAL_ANSWER for each such member. Names are compared without regard to case, underscores and hyphens. */
export function findPartialMembers(members: ReadonlyMap<string, unknown>): readonly ReportWarning[] {
  const found = new Set<string>();
  for (const [name, value] of members) {
    const folded = foldName(name);
    const partial = PARTIAL.get(folded);
    if (partial !== undefined && !isEmptyMember(value)) found.add(partial);
    const whole = WHOLE.get(folded);
    if (whole !== undefined && (value === false || value === 'false')) found.add(whole);
  }
  return Array.from(found, (name) => warnOnce('PARTIAL_ANSWER', name));
}

function foldName(name: string): string {
  return name.length > MAX_NAME ? '' : name.replace(/[-_]/g, '').toLowerCase();
}

function byFoldedName(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [foldName(name), name]));
}

/** Deeper values are not looked into. */
const MAX_DEPTH = 5;
/** Members of an object that decide whether it says that something is missing, whatever else it says: `limit: 500`. */
const DECIDING = /^(?:is|has)?_?(?:omitted|missing|failed|skipped|dropped|truncated|partial|incomplete|more)/i;

/**
 * Whether a value says that nothing is missing: null, "", 0, false, these as text, `{omittedEntries: 0}`, and lists and
 * objects of nothing else.
 */
export function isEmptyMember(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return ['', '0', 'false'].includes(value.trim().toLowerCase());
  if (typeof value !== 'object' || value === null) return !value;
  if (depth === MAX_DEPTH) return false;
  const isNothing = (each: unknown): boolean => isEmptyMember(each, depth + 1);
  if (Array.isArray(value)) return value.every(isNothing);
  const members = Object.entries(value);
  const deciding = members.filter(([name]) => DECIDING.test(name));
  return (deciding.length > 0 ? deciding : members).every(([, each]) => isNothing(each));
}
