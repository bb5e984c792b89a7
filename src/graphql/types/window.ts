// CostWindow: the period of a report, and whether its costs may still change.

import type { WindowClock } from '../../loaders/context.js';
import { UpstreamError } from '../../errors.js';
import { isOpenEnded } from '../../report/request.js';
import type { RowOrigin } from '../../report/row.js';
import { windowState, type WindowState } from '../../report/time/window-state.js';
import type { ReportWindow } from '../../report/window.js';
import { builder } from '../builder.js';

const HOUR_MS = 3_600_000;

/** A window as clients see it. */
export interface DescribedWindow extends ReportWindow {
  readonly hours: number;
  readonly state: WindowState;
}

const CostWindowState = builder.enumType('CostWindowState', {
  description: 'Whether the costs of a window may still change.',
  values: {
    RUNNING: { description: 'The window is not over, or ended less than an hour ago: costs still grow.' },
    SETTLING: { description: 'The window is over. ScaleOps may still correct prices, by default for 7 days.' },
    SETTLED: { description: 'The window ended so long ago that ScaleOps no longer corrects prices.' },
  } as const,
});

export const CostWindow = builder.objectRef<DescribedWindow>('CostWindow').implement({
  description: 'The period that a report covers.',
  fields: (t) => ({
    startTime: t.expose('startTime', { type: 'DateTime', description: 'The start of the window, inclusive.' }),
    endTime: t.expose('endTime', { type: 'DateTime', description: 'The end of the window, exclusive.' }),
    hours: t.exposeFloat('hours', {
      description: 'The length of the window in hours. A day has 23 or 25 hours when clocks change.',
    }),
    state: t.expose('state', { type: CostWindowState, description: 'Whether the costs may still change.' }),
  }),
});

/** @param isOpenEnded whether the window ends now, such as the last 7 days. */
export function describeWindow(
  window: ReportWindow,
  isOpenEnded: boolean,
  { nowMs, settledAfterMs }: WindowClock,
): DescribedWindow {
  const { startTime, endTime } = window;
  const state = windowState(window, { isOpenEnded, settledAfterMs }, nowMs());
  return { startTime, endTime, hours: (endTime - startTime) / HOUR_MS, state };
}

/** @throws UpstreamError UPSTREAM_BAD_RESPONSE when the window of the report is unknown. */
export function toWindow({ report, request }: RowOrigin, clock: WindowClock): DescribedWindow {
  if (report.window === null) {
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', {
      message: "ScaleOps' response has no period, and none was requested.",
      hint: 'Pass `last`, such as `last: "7d"`; or leave out `window` and comparisons to read the rest.',
      reason: 'the response has no window',
    });
  }
  return describeWindow(report.window, isOpenEnded(request), clock);
}
