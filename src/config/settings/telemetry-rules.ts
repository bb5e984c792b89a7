// The syntax of settings of metrics and traces.

import type { Rule } from './rules.js';

const NAME = /^[_a-z]\w{0,127}$/i;
/** Each name adds a time series to several metrics. */
const MAX_NAMES = 200;

/** Operation names, separated by commas. */
export const operationNames: Rule<readonly string[]> = {
  accepts: (value) => splitList(value).length <= MAX_NAMES && splitList(value).every((name) => NAME.test(name)),
  parse: splitList,
  rule: `must be names of GraphQL operations, separated by commas, at most ${MAX_NAMES}`,
};

/** A proportion. */
export const ratio: Rule<number> = {
  accepts: (value) => /^(?:0|1|[01]?\.\d{1,9})$/.test(value) && Number(value) <= 1,
  parse: Number,
  rule: 'must be a number from 0 to 1',
};

/** `name=value` pairs, separated by commas; values may be percent-encoded. */
export const headers: Rule<Readonly<Record<string, string>>> = {
  accepts: (value) => splitList(value).every((pair) => toHeader(pair) !== undefined),
  parse: (value) => Object.fromEntries(splitList(value).flatMap((pair) => [toHeader(pair) ?? []].filter(isPair))),
  rule: 'must be name=value pairs, separated by commas, the values percent-encoded',
};

/** `key=value` by commas, the values percent-encoded where they have to be; a key has no blanks. */
export const attributes: Rule<Readonly<Record<string, string>>> = {
  accepts: (value) => splitList(value).every((pair) => toAttribute(pair) !== undefined),
  parse: (value) => Object.fromEntries(splitList(value).flatMap((pair) => [toAttribute(pair) ?? []].filter(isPair))),
  rule: 'must be key=value pairs, separated by commas, the values percent-encoded',
};

type Pair = readonly [string, string];
const isPair = (pair: readonly string[]): pair is Pair => pair.length === 2;

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
function toAttribute(pair: string): Pair | undefined {
  const [, key = '', encoded = ''] = /^([^\s=]{1,255})\s*=\s*(.*)$/.exec(pair) ?? [];
  try {
    return key === '' ? undefined : [key, decodeURIComponent(encoded)];
  } catch {
    return undefined;
  }
}

/** A field name and value (RFC 9110, section 5). */
function toHeader(pair: string): Pair | undefined {
  const [, name = '', encoded = ''] = /^([!#$%&'*+.^`|~\w-]+)\s*=\s*(.*)$/.exec(pair) ?? [];
  try {
    const value = decodeURIComponent(encoded);
    return name !== '' && /^[\x20-\x7e]*$/.test(value) ? [name.toLowerCase(), value] : undefined;
  } catch {
    return undefined;
  }
}
