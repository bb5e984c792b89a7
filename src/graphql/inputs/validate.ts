// The rules that filter inputs must keep beyond their types, checked before anything is asked of ScaleOps. Each takes
// the path of the input, so that a refusal says where and why.

import { UserInputError } from '../../errors.js';
import { MAX_WINDOW_MS } from '../types/scalars.js';

const MAX_LIST_LENGTH = 1_000;
/** The longest name Kubernetes knows: a DNS subdomain (RFC 1123). */
const MAX_NAME_LENGTH = 253;
const MAX_VALUE_LENGTH = 1_024;

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const LABEL_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_PREFIX = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** @throws UserInputError about a list with more entries than that. */
export function assertCount(path: string, list: readonly unknown[], most: number): void {
  if (list.length > most) {
    throw new UserInputError(path, `must have at most ${most} entries, and has ${list.length}.`);
  }
}

/** A list that is given must say something: an empty one could mean everything or nothing. */
export function assertList<T>(path: string, list: readonly T[], assertItem: (path: string, item: T) => void): void {
  if (list.length === 0) throw new UserInputError(path, 'must not be an empty list; leave it out to not filter by it.');
  assertCount(path, list, MAX_LIST_LENGTH);
  list.forEach((item, index) => {
    assertItem(`${path}[${index}]`, item);
  });
}

export function assertName(path: string, name: string): void {
  if (name.trim() === '') throw new UserInputError(path, 'must not be empty.');
  assertLength(path, name, MAX_NAME_LENGTH);

  if (/[\u0000-\u001f\u007f]/.test(name)) throw new UserInputError(path, 'must not contain control characters.');
}

/** Plain text to look for in names; the empty text is allowed. */
export function assertSearch(path: string, text: string): void {
  assertLength(path, text, MAX_NAME_LENGTH);
}

export function assertLabelKey(path: string, key: string): void {
  const slash = key.lastIndexOf('/');
  const prefix = slash < 0 ? null : key.slice(0, slash);
  if ((prefix !== null && !LABEL_PREFIX.test(prefix)) || !LABEL_NAME.test(key.slice(slash + 1))) {
    throw new UserInputError(
      path,
      'must be a Kubernetes label key: an optional DNS prefix and "/", then up to 63 letters, digits, "-", "_" or ".".',
    );
  }
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

/** graphql checks the numbers of variables, but takes the literal 1e999 for Infinity. */
export function assertFinite(path: string, value: number): void {
  if (!Number.isFinite(value)) throw new UserInputError(path, 'must be a finite number.');
}

export function assertNotNegative(path: string, value: number): void {
  if (value < 0) throw new UserInputError(path, 'must be 0 or more.');
}

/** No cluster has costs outside these years; seconds taken for milliseconds end up in 1970. */
function assertYear(path: string, epochMs: number): void {
  const year = new Date(epochMs).getUTCFullYear();
  if (year < 2000 || year > 2100) throw new UserInputError(path, 'must be in the years 2000 to 2100.');
}

function assertLength(path: string, text: string, maxLength: number): void {
  if (text.length > maxLength) throw new UserInputError(path, `must have at most ${maxLength} characters.`);
}
