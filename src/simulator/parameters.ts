// Parses the parameters of a report request. Undocumented parameters and values are refused with 400 (BadRequest): a lenient
// server would return another report for a misspelt parameter, and no test would notice.

import type { Window } from './history/timeline.js';

export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** The type of a parameter; `labels` are strings of the form `key=value`. */
type ParameterType = 'strings' | 'labels' | 'boolean' | 'integer' | 'operator' | 'range';
type ParameterTypes = ReadonlyMap<string, ParameterType>;

export type Parameters = ReturnType<typeof toParameters>;

/** The documented parameters of a report: by type, their names separated by spaces. */
export function parameterTypes(namesByType: Partial<Record<ParameterType, string>>): ParameterTypes {
  const entries = Object.entries(namesByType) as [ParameterType, string][];
  return new Map(entries.flatMap(([type, names]) => names.split(' ').map((name) => [name, type])));
}

/**
 * Checks the query string and the body against the documented names and types; the body takes precedence. Lists are
 * repeated names in the query string; an empty one there (`clusters=`) is the documented default, nothing.
 * @throws BadRequest
 */
export function parseParameters(
  queryTypes: ParameterTypes,
  bodyTypes: ParameterTypes,
  query: URLSearchParams,
  body: object,
): Parameters {
  const values = new Map<string, unknown>();
  for (const name of new Set(query.keys())) {
    const type = queryTypes.get(name);
    if (type === undefined) throw new BadRequest(`unknown query parameter ${name}`);
    values.set(name, check(type, name, parseText(type, name, query.getAll(name))));
  }
  for (const [name, value] of Object.entries(body)) {
    const type = bodyTypes.get(name);
    if (type === undefined) throw new BadRequest(`unknown body field ${name}`);
    values.set(name, check(type, name, value));
  }
  return toParameters(values);
}

function toParameters(values: ReadonlyMap<string, unknown>) {
  const strings = (name: string) => (values.get(name) ?? []) as readonly string[];
  return {
    strings,
    labels: (name: string) => strings(name).map(splitLabel),
    boolean: (name: string) => values.get(name) === true,
    integer: (name: string) => values.get(name) as number | undefined,
    text: (name: string) => values.get(name) as string | undefined,
  };
}

function parseText(type: ParameterType, name: string, texts: readonly string[]): unknown {
  if (type === 'strings' || type === 'labels') return texts.filter((text) => text !== '');
  const [text = '', ...others] = texts;
  if (others.length > 0) throw new BadRequest(`${name} is given more than once`);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  return text;
}

type Rule = readonly [test: (value: unknown) => boolean, problem: string];

const STRINGS: readonly Rule[] = [
  [Array.isArray, 'is not a list'],
  [(list) => (list as unknown[]).every((item) => typeof item === 'string'), 'holds something that is not a string'],
];
const RULES: Readonly<Record<ParameterType, readonly Rule[]>> = {
  boolean: [[(value) => typeof value === 'boolean', 'is not a boolean']],
  integer: [[Number.isSafeInteger, 'is not an integer']],
  operator: [[(value) => value === 'AND' || value === 'OR', 'is neither AND nor OR']],
  range: [[(value) => typeof value === 'string' && /^[1-9]\d*[mhdw]$/.test(value), 'is not a number of m, h, d or w']],
  strings: STRINGS,
  // "=" at the start would mean an empty key.
  labels: [
    ...STRINGS,
    [(list) => (list as string[]).every((item) => item.indexOf('=') > 0), 'holds something that is not key=value'],
  ],
};

function check(type: ParameterType, name: string, value: unknown): unknown {
  const broken = RULES[type].find(([test]) => !test(value));
  if (broken !== undefined) throw new BadRequest(`${name} ${broken[1]}`);
  return value;
}

/** A value may contain further "=", as base64 does. */
function splitLabel(text: string): { key: string; value: string } {
  const index = text.indexOf('=');
  return { key: text.slice(0, index), value: text.slice(index + 1) };
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DEFAULT_RANGE = '7d';
const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * The time window of a request: `from` and `to`, or `range` back from now. Assumed where the vendor's documentation is
 * silent: `from` and `to` take precedence over `range` (its example sends all three), a missing `to` is now, a missing
 * `from` is `range` before `to`, and a window that is empty, reversed or outside the years 1970 to 9999 is refused.
 * @throws BadRequest for a window that is refused.
 */
export function parseWindow(parameters: Parameters, nowMs: number): Window {
  const toMs = parameters.integer('to') ?? nowMs;
  const fromMs = parameters.integer('from') ?? toMs - rangeMs(parameters.text('range') ?? DEFAULT_RANGE);
  if (fromMs >= toMs) throw new BadRequest('from is not before to');
  if (fromMs < 0 || toMs > MAX_TIME_MS) throw new BadRequest('the window is outside the years 1970 to 9999');
  return { fromMs, toMs };
}

function rangeMs(range: string): number {
  return Number(range.slice(0, -1)) * (UNITS_MS[range.slice(-1)] ?? Number.NaN);
}
