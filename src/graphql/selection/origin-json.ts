// What rows tell of their report, as JSON: the same for each row, so it is made once per page.

import type { WindowClock } from '../../loaders/context.js';
import type { RowOrigin } from '../../report/row.js';
import type { OriginField } from '../../report/write/row-members.js';
import { toWindow } from '../types/window.js';

/** @throws UpstreamError for a field of a window that is not known. */
export function createOriginJson(origin: RowOrigin, clock: WindowClock): (field: OriginField) => string {
  return (field) => {
    switch (field) {
      case 'asOf':
        return JSON.stringify(new Date(origin.asOf));
      case 'isStale':
        return String(origin.isStale);
      case 'startTime':
      case 'endTime':
        return JSON.stringify(new Date(toWindow(origin, clock)[field]));
      default:
        return JSON.stringify(toWindow(origin, clock)[field]);
    }
  };
}
