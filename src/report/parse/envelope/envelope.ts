// The members of a response besides its rows: the window, the clusters, and warnings of missing data.

import { MAX_TIME, MIN_TIME, type ReportWindow } from '../../window.js';
import { warnOnce, type ReportWarning } from '../../warnings.js';
import { toText } from '../json/values.js';
import { findPartialMembers } from './partial-members.js';

export interface Envelope {
  /** Null when the response has no window that can be read. */
  readonly window: ReportWindow | null;
  readonly clusters: readonly string[];
  readonly warnings: readonly ReportWarning[];
}

/** The JSON value is not a cost report. `message` is a fixed text. */
export class ReportShapeError extends Error {
  override readonly name = 'ReportShapeError';
}

/** No fleet has more clusters. A longer list is refused before a report retains it. */
const MAX_CLUSTERS = 100_000;

/**
 * @param members the members of the response, the rows excepted.
 * @throws ReportShapeError for a list of more than MAX_CLUSTERS clusters.
 */
export function decodeEnvelope(members: ReadonlyMap<string, unknown>): Envelope {
  const clusters = members.get('clusters');
  const list = Array.isArray(clusters) ? (clusters as unknown[]) : [];
  if (list.length > MAX_CLUSTERS) throw new ReportShapeError(`clusters lists more than ${MAX_CLUSTERS} names`);
  const window = decodeWindow(members.get('window'));
  const missing = window === null ? [warnOnce('MISSING_WINDOW', 'window')] : [];
  return {
    window,
    clusters: list.map(toText).filter((name) => name !== null),
    warnings: [...findPartialMembers(members), ...missing],
  };
}

function decodeWindow(value: unknown): ReportWindow | null {
  if (typeof value !== 'object' || value === null) return null;
  const { startTime, endTime } = value as { startTime?: unknown; endTime?: unknown };
  const [start, end] = [toTime(startTime), toTime(endTime)];
  return start === null || end === null || end < start ? null : { startTime: start, endTime: end };
}

// Date.parse accepts more: "day 5" is a day in 2001.
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d|$)/;
const EPOCH = /^\d{9,14}(?:\.\d+)?$/;

/** Null also for a time that no report covers: Go's zero time is in the year 1, and 0 is in 1970. */
function toTime(value: unknown): number | null {
  const text = toText(value);
  const time = text === null ? Number.NaN : parseTime(text);
  return time >= MIN_TIME && time <= MAX_TIME ? time : null;
}

/** ScaleOps sends no time zone and means UTC; Date.parse would use the time zone of the machine. */
function parseTime(text: string): number {
  if (EPOCH.test(text)) return fromEpoch(Number(text));
  if (!DATE.test(text)) return Number.NaN;
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
}

/** In seconds this is the year 5138, in milliseconds 1973: no report covers either. */
const MAX_EPOCH_SECONDS = 100_000_000_000;

/** Seconds or milliseconds to milliseconds. */
function fromEpoch(time: number): number {
  return Math.round(time < MAX_EPOCH_SECONDS ? time * 1_000 : time);
}
