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

/** Header fields (RFC 9110, section 5) as `name=value` pairs, separated by commas; values may be percent-encoded. */
export const headers = pairs('name', /^([!#$%&'*+.^`|~\w-]+)\s*=\s*(.*)$/, (name, value) =>
  /^[\x20-\x7e]*$/.test(value) ? [name.toLowerCase(), value] : undefined,
);

/**
 * `key=value` pairs, separated by commas; values may be percent-encoded, keys have no white space.
 * https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
export const attributes = pairs('key', /^([^\s=]{1,255})\s*=\s*(.*)$/, (key, value) => [key, value]);

type Pair = readonly [name: string, value: string];

/** @param toPair from the two groups of `syntax`, the second decoded; returns undefined if they are not valid. */
function pairs(
  nameTerm: string,
  syntax: RegExp,
  toPair: (name: string, value: string) => Pair | undefined,
): Rule<Readonly<Record<string, string>>> {
  const parse = (pair: string): Pair | undefined => {
    const [, name, encoded = ''] = syntax.exec(pair) ?? [];
    try {
      return name === undefined ? undefined : toPair(name, decodeURIComponent(encoded));
    } catch {
      return undefined;
    }
  };
  const parseAll = (value: string) => splitList(value).map(parse);
  return {
    accepts: (value) => !parseAll(value).includes(undefined),
    parse: (value) => Object.fromEntries(parseAll(value).filter((pair) => pair !== undefined)),
    rule: `must be ${nameTerm}=value pairs, separated by commas, the values percent-encoded`,
  };
}

function splitList(value: string): string[] {
  const items = value.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}
