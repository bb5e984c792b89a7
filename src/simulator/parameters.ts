// Parses the parameters of a report request. Whatever the vendor does not document is refused with 400 (BadRequest): a
// lenient server would answer a misspelt or mistyped parameter with another report, and no test would notice.

import type { Window } from './history/timeline.js';

export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** The type of a parameter; `labels` are strings of the form `key=value`. */
export type ParameterType = 'strings' | 'labels' | 'boolean' | 'integer' | 'operator' | 'range';
type Value = readonly string[] | boolean | number | string;

export type Parameters = ReturnType<typeof toParameters>;

/**
 * Checks the query string and the body against the documented names and forms. A name that is in both is taken from the
 * body. Lists are repeated names in the query string; an empty one there (`clusters=`) is the documented default, nothing.
 * Throws BadRequest with the reason.
 */
export function parseParameters(
  queryForms: ReadonlyMap<string, ParameterType>,
  bodyForms: ReadonlyMap<string, ParameterType>,
  query: URLSearchParams,
  body: unknown,
): Parameters {
  const values = new Map<string, Value>();
  for (const name of new Set(query.keys())) {
    const form = queryForms.get(name);
    if (form === undefined) throw new BadRequest(`unknown query parameter ${name}`);
    values.set(name, check(form, name, fromText(form, name, query.getAll(name))));
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new BadRequest('body is not an object');
  for (const [name, value] of Object.entries(body)) {
    const form = bodyForms.get(name);
    if (form === undefined) throw new BadRequest(`unknown body field ${name}`);
    values.set(name, check(form, name, value));
  }
  return toParameters(values);
}

function toParameters(values: ReadonlyMap<string, Value>) {
  const strings = (name: string): readonly string[] => {
    const value = values.get(name);
    return typeof value === 'object' ? value : [];
  };
  return {
    strings,
    labels: (name: string) => strings(name).map(splitLabel),
    boolean: (name: string) => values.get(name) === true,
    integer(name: string): number | undefined {
      const value = values.get(name);
      return typeof value === 'number' ? value : undefined;
    },
    text(name: string): string | undefined {
      const value = values.get(name);
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function fromText(form: ParameterType, name: string, texts: readonly string[]): unknown {
  if (form === 'strings' || form === 'labels') return texts.filter((text) => text !== '');
  const [text = '', ...others] = texts;
  if (others.length > 0) throw new BadRequest(`${name} is given more than once`);
  if (form === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (form === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  return text;
}

function check(form: ParameterType, name: string, value: unknown): Value {
  switch (form) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw new BadRequest(`${name} is not a boolean`);
    case 'integer':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      throw new BadRequest(`${name} is not an integer`);
    case 'operator':
      if (value === 'AND' || value === 'OR') return value;
      throw new BadRequest(`${name} is neither AND nor OR`);
    case 'range':
      if (typeof value === 'string' && /^[1-9]\d*[mhdw]$/.test(value)) return value;
      throw new BadRequest(`${name} is not a number of m, h, d or w`);
    case 'labels':
    case 'strings':
      return checkStrings(form, name, value);
  }
}

function checkStrings(form: ParameterType, name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new BadRequest(`${name} is not a list`);
  const items: readonly unknown[] = value;
  const strings = items.filter((item) => typeof item === 'string');
  if (strings.length !== items.length) throw new BadRequest(`${name} holds something that is not a string`);
  // At the start there would be no key.
  if (form === 'labels' && strings.some((text) => text.indexOf('=') < 1)) {
    throw new BadRequest(`${name} holds something that is not key=value`);
  }
  return strings;
}

/** A value may hold further "=": base64 does. */
function splitLabel(text: string): { key: string; value: string } {
  const index = text.indexOf('=');
  return { key: text.slice(0, index), value: text.slice(index + 1) };
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);
const DEFAULT_RANGE = '7d';
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * The time window of a request: `from` and `to`, or `range` back from now. Assumed where the vendor's documentation is
 * silent: `from` and `to` take precedence over `range` (its example sends all three), a missing `to` is now, a missing
 * `from` is `range` before `to`, and a window that is empty, reversed or outside the years 1970 to 9999 is refused.
 * @throws BadRequest for a window that is refused.
 */
export function readWindow(parameters: Parameters, nowMs: number): Window {
  const toMs = parameters.integer('to') ?? nowMs;
  const fromMs = parameters.integer('from') ?? toMs - rangeMs(parameters.text('range') ?? DEFAULT_RANGE);
  if (fromMs >= toMs) throw new BadRequest('from is not before to');
  if (fromMs < 0 || toMs > LATEST_MS) throw new BadRequest('the window is outside the years 1970 to 9999');
  return { fromMs, toMs };
}

function rangeMs(range: string): number {
  return Number(range.slice(0, -1)) * (UNITS_MS.get(range.slice(-1)) ?? Number.NaN);
}
