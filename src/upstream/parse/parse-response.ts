// What the body of an answer with HTTP 200 is: a report, or one of the things that are sent in place of one. As plain
// data, so that it can be found out in another thread.

import { UpstreamError, type UpstreamErrorCode } from '../../errors.js';
import type { RetryRule } from '../../concurrency/retry.js';
import { decodeData, ReportShapeError } from '../../report/parse/json-parser.js';
import { createReportParser } from '../../report/parse/fast-parser.js';
import { toReport, type DecodedReport, type ReportData } from '../../report/report-data.js';

/** Why a body is no report. Nothing of it stands here: JSON.parse's own message would quote it. */
export interface Refusal {
  readonly code: UpstreamErrorCode;
  readonly reason: string;
  readonly retry?: RetryRule;
  /** Whether the path is to be looked at. */
  readonly isElsewhere?: boolean;
}

export type ReadAnswer = { readonly report: ReportData } | { readonly refusal: Refusal };

/** Reads a whole body. */
export type ReadAnswerOf = (body: Buffer) => ReadAnswer;

/** Makes one that reads any number of bodies, one after the other. */
export function createAnswerReading(): ReadAnswerOf {
  const readReport = createReportParser();
  return (body) => {
    const report = readReport(body);
    return report === undefined ? parseAnswer(body.toString('utf8')) : { report };
  };
}

/** @throws UpstreamError for what is no report; it names `pathSetting` where that may be why. */
export function toDecoded(answer: ReadAnswer, pathSetting: string): DecodedReport {
  if ('report' in answer) return toReport(answer.report);
  const { code, isElsewhere, ...rest } = answer.refusal;
  throw new UpstreamError(code, { ...rest, ...(isElsewhere && { hint: `Check ${pathSetting}.` }) });
}

function parseAnswer(text: string): ReadAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { refusal: refuseText(text) };
  }
  if (isErrorAnswer(json)) return { refusal: { code: 'UPSTREAM_ERROR', reason: 'an error with HTTP 200' } };
  try {
    return { report: decodeData(json) };
  } catch (error) {
    if (!(error instanceof ReportShapeError)) throw error;
    return { refusal: { code: 'UPSTREAM_BAD_RESPONSE', reason: error.message } };
  }
}

function refuseText(text: string): Refusal {
  const start = text.slice(0, 65_536);
  if (/^\s*</.test(start)) {
    if (LOGIN_PAGE.test(start)) return { code: 'UPSTREAM_UNAUTHENTICATED', reason: 'a login page' };
    return { code: 'UPSTREAM_BAD_RESPONSE', reason: 'a page', isElsewhere: true };
  }
  // A body that ends with its connection may have been cut short on the way.
  return { code: 'UPSTREAM_BAD_RESPONSE', reason: text === '' ? 'empty body' : 'not JSON', retry: 'once' };
}

// Not "catalog index", not "design inspiration".
const LOGIN_PAGE = /type\s*=\s*["']?password|(?<![a-z])(?:login|signin|(?:log|sign)[ -]in(?![a-z]))/i;

/** `{"error": …}`, also beside a list without rows: Go writes the empty fields of a struct too. */
function isErrorAnswer(json: unknown): boolean {
  const { error, aggregatedWorkloads: rows } = (json ?? {}) as { error?: unknown; aggregatedWorkloads?: unknown };
  return Boolean(error) && !(Array.isArray(rows) && rows.length > 0);
}
