// The scalars DateTime, CostDuration and TimeZone. An invalid value is BAD_USER_INPUT; graphql-js or the error formatter
// adds its path in the input.

import { GraphQLError, Kind, type ValueNode } from 'graphql';

import { toTimeZone } from '../../report/time/zone.js';
import { builder } from '../builder.js';

const MINUTE_MS = 60_000;
const UNIT_MS = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: 1_440 * MINUTE_MS, w: 10_080 * MINUTE_MS } as const;

/** The longest period of a report: ten years, three of them leap years. */
export const MAX_WINDOW_MS = 3_653 * UNIT_MS.d;

const DURATION_RULE = 'must be a positive whole number and one of m, h, d, w, such as "7d", and at most ten years';
const DATE_TIME_RULE = 'must be an RFC 3339 date and time with a zone, such as "2026-01-31T00:00:00Z"';

/** Normalizes a duration to whole days, the unit of ScaleOps, else to hours or minutes. Null for any other text. */
export function parseDuration(text: string): string | null {
  const match = /^([1-9]\d{0,8})([mhdw])$/.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  if (ms > MAX_WINDOW_MS) return null;
  const unit = (['d', 'h', 'm'] as const).find((each) => ms % UNIT_MS[each] === 0) ?? 'm';
  return `${ms / UNIT_MS[unit]}${unit}`;
}

// RFC 3339, section 5.6, without leap seconds, which have no epoch time.
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Returns milliseconds since the Unix epoch; null for other text and for days such as February 30. */
function parseDateTime(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day] = match.map(Number) as [number, number, number, number];
  // Date rolls February 30 over to March.
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null;
  return Date.parse(text.toUpperCase());
}

function stringScalar<T>(name: string, rule: string, parse: (text: string) => T | null) {
  const parseOrThrow = (value: unknown, node?: ValueNode): T => {
    const parsed = typeof value === 'string' && value.length <= 64 ? parse(value) : null;
    if (parsed !== null) return parsed;
    // The message does not repeat the value, which may be long or a secret.
    throw new GraphQLError(`${name} ${rule}.`, { extensions: { code: 'BAD_USER_INPUT' }, nodes: node ?? null });
  };
  return {
    parseValue: (value: unknown) => parseOrThrow(value),
    parseLiteral: (node: ValueNode) => parseOrThrow(node.kind === Kind.STRING ? node.value : undefined, node),
  };
}

builder.scalarType('DateTime', {
  description:
    'A date and time of RFC 3339 with a zone, such as `2026-01-31T00:00:00Z` or `2026-01-31T01:00:00+01:00`. ' +
    'Responses use UTC with milliseconds.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  ...stringScalar('DateTime', DATE_TIME_RULE, parseDateTime),
  serialize: (epochMs) => new Date(epochMs).toISOString() as unknown as number,
});

builder.scalarType('CostDuration', {
  description:
    'A length of time: a positive whole number and `m` (minutes), `h` (hours), `d` (days) or `w` (weeks), ' +
    'such as `7d` or `24h`. At most ten years.',
  ...stringScalar('CostDuration', DURATION_RULE, parseDuration),
  serialize: (duration) => duration,
});

builder.scalarType('TimeZone', {
  description: 'A time zone by its IANA name, such as `Europe/Berlin`, `America/New_York` or `UTC`. No offset.',
  ...stringScalar('TimeZone', 'must be the IANA name of a time zone, such as "Europe/Berlin"', toTimeZone),
  serialize: (timeZone) => timeZone,
});
