// The rules for inputs beyond their types, checked before ScaleOps is called. Each function throws a UserInputError that
// names the path of the input.

import { UserInputError } from '../../errors.js';
import { isLabelKey } from '../../report/columns/label-key.js';
import { MAX_WINDOW_MS } from '../types/scalars.js';

const MAX_LIST_LENGTH = 1_000;
/** The longest name in Kubernetes: a DNS subdomain (RFC 1123). */
const MAX_NAME_LENGTH = 253;
const MAX_VALUE_LENGTH = 1_024;

export function assertCount(path: string, list: readonly unknown[], max: number): void {
  if (list.length > max) throw new UserInputError(path, `must have at most ${max} entries, and has ${list.length}.`);
}

export function assertNotEmpty(path: string, list: readonly unknown[], rule: string): void {
  if (list.length === 0) throw new UserInputError(path, rule);
}

/** An empty list is refused because it could mean everything or nothing. */
export function assertList<T>(
  path: string,
  list: readonly T[],
  assertItem: (path: string, item: T) => void,
  maxLength = MAX_LIST_LENGTH,
): void {
  assertNotEmpty(path, list, 'must not be an empty list; omit it to not filter by it.');
  assertCount(path, list, maxLength);
  list.forEach((item, index) => {
    assertItem(`${path}[${index}]`, item);
  });
}

export function assertName(path: string, name: string): void {
  if (name.trim() === '') throw new UserInputError(path, 'must not be empty.');
  assertLength(path, name);
  if (/[\u0000-\u001f\u007f]/.test(name)) throw new UserInputError(path, 'must not contain control characters.');
}

export function assertLabelKey(path: string, key: string): void {
  const rule =
    'must be a Kubernetes label key: an optional DNS prefix and "/", then up to 63 letters, digits, "-", "_" or ".".';
  if (!isLabelKey(key)) throw new UserInputError(path, rule);
}

export function assertLabel(path: string, label: { readonly key: string; readonly value: string }): void {
  assertLabelKey(`${path}.key`, label.key);
  assertLength(`${path}.value`, label.value, MAX_VALUE_LENGTH);
}

/** A window [from, to) in epoch milliseconds. */
export function assertWindow(path: string, { from, to }: { readonly from: number; readonly to: number }): void {
  assertYear(`${path}.from`, from);
  assertYear(`${path}.to`, to);
  if (from >= to) throw new UserInputError(path, 'must have `from` before `to`.');
  if (to - from > MAX_WINDOW_MS) throw new UserInputError(path, 'must cover at most ten years.');
}

/** graphql-js rejects Infinity in variables, but turns the literal 1e999 into it. */
export function assertFinite(path: string, value: number): void {
  if (!Number.isFinite(value)) throw new UserInputError(path, 'must be a finite number.');
}

export function assertNotNegative(path: string, value: number): void {
  if (value < 0) throw new UserInputError(path, 'must be 0 or more.');
}

/** Seconds in place of milliseconds are in 1970. */
function assertYear(path: string, epochMs: number): void {
  const year = new Date(epochMs).getUTCFullYear();
  if (year < 2000 || year > 2100) throw new UserInputError(path, 'must be in the years 2000 to 2100.');
}

export function assertLength(path: string, text: string, maxLength = MAX_NAME_LENGTH): void {
  if (text.length > maxLength) throw new UserInputError(path, `must have at most ${maxLength} characters.`);
}
