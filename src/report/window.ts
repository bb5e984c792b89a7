// The time that a report covers.

export const HOUR_MS = 3_600_000;

/** [startTime, endTime), in milliseconds since the Unix epoch. */
export interface ReportWindow {
  readonly startTime: number;
  readonly endTime: number;
}

/** The times that a report may cover: from before there was Kubernetes to the last year that RFC 3339 can write. */
export const MIN_TIME = Date.UTC(2000, 0, 1);
export const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
