// Time zones: from instants to local dates and hours, and back. Instants are milliseconds since the Unix epoch.

import { Temporal } from 'temporal-polyfill';

import { HOUR_MS } from '../window.js';

const NANOSECONDS_PER_MS = 1_000_000;

// Temporal also reads offsets ("+02:00") and dates with a zone in brackets; Intl reads offsets from Node 22 on.
const ZONE_NAME = /^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/;

/** The IANA name as the tz database spells it, aliases included; null for any other text. */
export function toTimeZone(name: string): string | null {
  if (!ZONE_NAME.test(name)) return null;
  try {
    return zonedAt(0, name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** What the clocks of a zone show. */
export function zonedAt(epochMs: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone);
}

/** When a date begins: at midnight, or later where the clocks skip midnight. A skipped date begins with the next one. */
export function startOfDate(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds;
}

/** The last date that has begun. When clocks go back past midnight, the new date stays current. */
export function dateAt(epochMs: number, timeZone: string): Temporal.PlainDate {
  const date = zonedAt(epochMs, timeZone).toPlainDate();
  const next = date.add({ days: 1 });
  return startOfDate(next, timeZone) <= epochMs ? next : date;
}

/**
 * The last full hour: the latest instant, at or before this one, at which the clocks show a whole hour. Where they are moved
 * by half an hour, the hour has 30 or 90 minutes.
 */
export function floorHour(epochMs: number, timeZone: string): number {
  const local = epochMs + zonedAt(epochMs, timeZone).offsetNanoseconds / NANOSECONDS_PER_MS;
  const past = ((local % HOUR_MS) + HOUR_MS) % HOUR_MS;
  // If the clocks were moved since that hour began, they did not show a whole hour then.
  return past === 0 ? epochMs : floorHour(epochMs - past, timeZone);
}

/** The first instant after a full hour at which the clocks show a whole hour again. */
export function nextHour(epochMs: number, timeZone: string): number {
  const hour = floorHour(epochMs + HOUR_MS, timeZone);
  return hour > epochMs ? hour : floorHour(epochMs + 2 * HOUR_MS, timeZone);
}
