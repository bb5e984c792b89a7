// What the text of an answer with HTTP 200 is: a report, or one of the things that are sent in place of one.

import { UpstreamError } from '../errors.js';
import { decodeReport, ReportShapeError } from '../report/decode.js';
import type { DecodedReport } from '../report/report-data.js';

/** Text that is a whole report, or the error that says what it is instead. JSON.parse's own message quotes the text. */
export function parseReport(text: string, pathSetting: string): DecodedReport {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const start = text.slice(0, 65_536);
    if (/^\s*</.test(start)) {
      if (LOGIN_PAGE.test(start)) throw new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason: 'a login page' });
      throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'a page', hint: `Check ${pathSetting}.` });
    }
    // A body that ends with its connection may have been cut short on the way.
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', {
      reason: text === '' ? 'empty body' : 'not JSON',
      retry: 'once',
    });
  }
  if (isErrorAnswer(json)) throw new UpstreamError('UPSTREAM_ERROR', { reason: 'an error with HTTP 200' });
  try {
    return decodeReport(json);
  } catch (error) {
    if (!(error instanceof ReportShapeError)) throw error;
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: error.message });
  }
}

// Not "catalog index", not "design inspiration".
const LOGIN_PAGE = /type\s*=\s*["']?password|(?<![a-z])(?:login|signin|(?:log|sign)[ -]in(?![a-z]))/i;

/** `{"error": …}`, also beside a list without rows: Go writes the empty fields of a struct too. */
function isErrorAnswer(json: unknown): boolean {
  const { error, aggregatedWorkloads: rows } = (json ?? {}) as { error?: unknown; aggregatedWorkloads?: unknown };
  return Boolean(error) && !(Array.isArray(rows) && rows.length > 0);
}
