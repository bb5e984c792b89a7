// The time that a report covers.

/** [startTime, endTime), in milliseconds since the Unix epoch. */
export interface ReportWindow {
  readonly startTime: number;
  readonly endTime: number;
}
