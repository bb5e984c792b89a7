// Whether the value of a member indicates that data is missing. Empty values, null, 0 and false do not.

import { isObject } from '../json/values.js';

/** Texts that mean 0, false or null. An error may be any other text. */
const EMPTY_TEXTS = ['', '0', 'false', 'none', 'null'];
const FALSE_TEXTS = ['0', 'false', 'no'];

/** Deeper values count as not empty. */
const MAX_DEPTH = 5;
/** Where an object has such members, they alone decide: `limit: 500` beside `omitted: 0` is not missing data. */
const DECIDING = /^(?:is|has)?_?(?:omitted|missing|failed|skipped|dropped|truncated|partial|incomplete|more)/i;
/** Keys that describe a failure. Any other key is the name of the cluster or the like that failed: `{"c2": {}}`. */
const DESCRIBING =
  /^(?:code|status|reason|cause|messages?|details?|data|meta(?:data)?|extensions|info|count|size|length|total|items|list|names|values|ids|clusters|namespaces|sources|errors|failures)$/i;

/** Whether a value is an error: any value that is not empty. */
export function isFailure(value: unknown): boolean {
  // Go writes an error as {}: of a map from cluster to error only the keys are left.
  return !isEmpty(value) || hasName(value, (each) => isObject(each) && Object.keys(each).length === 0);
}

/** Whether a value names clusters or the like: a list, or a map that has them as keys. */
export function listsNames(value: unknown): boolean {
  return !isEmpty(value) || hasName(value, (each) => !isFalse(each));
}

/** Whether a value indicates omitted data: `true`, a count, a token, `{omittedEntries: 499}`. */
export function isOmission(value: unknown): boolean {
  return !isFalse(value) && !isEmpty(value, 0, DECIDING);
}

/** Whether a number of pages is more than one. The gateway requests no page, so it received only one of them. */
export function hasMorePages(value: unknown): boolean {
  return (typeof value === 'number' || typeof value === 'string') && Number(value) > 1;
}

/** Whether a value is false or 0, also as text. */
export function isFalse(value: unknown): boolean {
  return value === false || value === 0 || (typeof value === 'string' && FALSE_TEXTS.includes(fold(value)));
}

/**
 * Whether a value is null, 0, false, one of these as text, or a list or object of nothing else.
 * @param deciding where an object has members of these names, they alone decide.
 */
function isEmpty(value: unknown, depth = 0, deciding?: RegExp): boolean {
  if (typeof value === 'string') return EMPTY_TEXTS.includes(fold(value));
  if (typeof value !== 'object' || value === null) return !value;
  if (depth === MAX_DEPTH) return false;
  const isInnerEmpty = (each: unknown): boolean => isEmpty(each, depth + 1, deciding);
  if (Array.isArray(value)) return value.every(isInnerEmpty);
  const members = Object.entries(value);
  const decisive = members.filter(([name]) => deciding?.test(name));
  return (decisive.length > 0 ? decisive : members).every(([, each]) => isInnerEmpty(each));
}

/** Whether an object has a key that is a name and not a description, with such a value. */
function hasName(value: unknown, isMatch: (value: unknown) => boolean): boolean {
  return isObject(value) && Object.entries(value).some(([name, each]) => !DESCRIBING.test(name) && isMatch(each));
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}
