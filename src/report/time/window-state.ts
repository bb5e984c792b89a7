// How settled the costs of a window are: they change while it runs, and ScaleOps corrects them for some days after.

import { HOUR_MS, type ReportWindow } from '../window.js';
import { TimeRangeError } from './time-range-error.js';

/** Reaches into the present; ended, and may still be corrected; ended long ago. */
export type WindowState = 'RUNNING' | 'SETTLING' | 'SETTLED';

interface WindowStateOptions {
  /** Whether the range ends now, although the requested window ends at a full hour. */
  readonly isOpenEnded: boolean;
  /** How long ScaleOps corrects costs after the end of a window. */
  readonly settledAfterMs: number;
}

export function windowState({ endTime }: ReportWindow, options: WindowStateOptions, nowMs: number): WindowState {
  const sinceEndMs = nowMs - endTime;
  if (options.isOpenEnded || sinceEndMs < HOUR_MS) return 'RUNNING';
  return sinceEndMs < options.settledAfterMs ? 'SETTLING' : 'SETTLED';
}

/** @throws TimeRangeError for a window that has not begun. */
export function assertBegun({ startTime }: ReportWindow, nowMs: number): void {
  if (startTime >= nowMs) throw new TimeRangeError('', 'must begin in the past: there are no costs of the future.');
}
