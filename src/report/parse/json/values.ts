// Single values in ScaleOps' JSON: texts and numbers. An absent value is null, never 0.

// A number as JSON writes it. Number() also accepts "", " 1 ", "0x10" and "Infinity".
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const MAX_INT = 2 ** 31 - 1;

/** A text; null for the empty string, null, or a missing value. */
export function toText(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Whether a value of JSON is an object, and neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A name, also when it is written as a number or boolean; null for an absent one, undefined for anything else. */
export function toName(value: unknown): string | null | undefined {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string') return value;
  const isName = typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
  return isName ? String(value) : undefined;
}

/**
 * A finite number, also when written as text; null for an absent value, undefined for anything else.
 * `JSON.parse('1e400')` is Infinity.
 */
export function toNumber(value: unknown): number | null | undefined {
  if (value === null || value === undefined || value === '') return null;
  const number = typeof value === 'string' && JSON_NUMBER.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** A whole number that fits GraphQL's Int; null for an absent value, undefined for anything else. */
export function toCount(value: unknown): number | null | undefined {
  const number = toNumber(value);
  if (number === null || number === undefined) return number;
  return Number.isInteger(number) && Math.abs(number) <= MAX_INT ? number : undefined;
}
