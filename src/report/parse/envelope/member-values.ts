// What the value of a member says about missing data. Values that are empty, null, 0 or false say nothing.

import { isObject } from '../json/values.js';

/** Texts that say what 0, false or null say. An error may be any other text. */
const EMPTY_TEXTS = ['', '0', 'false', 'none', 'null'];
const DENIALS = ['0', 'false', 'no'];

/** Deeper values are not looked into. */
const MAX_DEPTH = 5;
/** Members of an object that decide whether it says that something is missing, whatever else it says: `limit: 500`. */
const DECIDING = /^(?:is|has)?_?(?:omitted|missing|failed|skipped|dropped|truncated|partial|incomplete|more)/i;
/** Keys of an object that describe what failed. Any other key is the name of what failed: `{"c2": {}}`. */
const DESCRIBING =
  /^(?:code|status|reason|cause|messages?|details?|data|meta(?:data)?|extensions|info|count|size|length|total|items|list|names|values|ids|clusters|namespaces|sources|errors|failures)$/i;

/** Whether a value names an error: any that is not empty, also beside `skipped: 0`. */
export function saysFailed(value: unknown): boolean {
  // Go writes an error as {}: in a map from cluster to error its key is all that is left.
  return !isEmpty(value) || hasName(value, (each) => isObject(each) && Object.keys(each).length === 0);
}

/** Whether a value names clusters or the like: a list, or a map that has them as keys. */
export function saysNamed(value: unknown): boolean {
  return !isEmpty(value) || hasName(value, (each) => !isDenied(each));
}

/** Whether a value says that something was left out: `true`, a count, a token, `{omittedEntries: 499}`. */
export function saysMissing(value: unknown): boolean {
  return !isDenied(value) && !isEmpty(value, 0, DECIDING);
}

/** Whether a number of pages is more than one. The gateway asks for no page, so it got one of them. */
export function saysMore(value: unknown): boolean {
  return (typeof value === 'number' || typeof value === 'string') && Number(value) > 1;
}

/** Whether a value says no: false or 0, also as text. */
export function isDenied(value: unknown): boolean {
  return value === false || value === 0 || (typeof value === 'string' && DENIALS.includes(fold(value)));
}

/**
 * Whether a value is null, 0, false, one of these as text, or a list or object of nothing else.
 * @param deciding where an object has members of these names, they alone decide.
 */
function isEmpty(value: unknown, depth = 0, deciding?: RegExp): boolean {
  if (typeof value === 'string') return EMPTY_TEXTS.includes(fold(value));
  if (typeof value !== 'object' || value === null) return !value;
  if (depth === MAX_DEPTH) return false;
  const isNothing = (each: unknown): boolean => isEmpty(each, depth + 1, deciding);
  if (Array.isArray(value)) return value.every(isNothing);
  const members = Object.entries(value);
  const decisive = members.filter(([name]) => deciding?.test(name));
  return (decisive.length > 0 ? decisive : members).every(([, each]) => isNothing(each));
}

/** Whether an object has a key that is the name of what failed, with such a value. */
function hasName(value: unknown, isFailure: (value: unknown) => boolean): boolean {
  return isObject(value) && Object.entries(value).some(([name, each]) => !DESCRIBING.test(name) && isFailure(each));
}

function fold(text: string): string {
  return text.trim().toLowerCase();
}
