// What the body of a response with HTTP 200 is: a report, or one of the things that are sent in place of one. Plain data, so
// that another thread can return it.

import { UpstreamError, type UpstreamErrorCode } from '../../errors.js';
import type { RetryRule } from '../../concurrency/retry.js';
import { decodeData, ReportShapeError } from '../../report/parse/json-parser.js';
import { createReportParser } from '../../report/parse/fast-parser.js';
import { toReport, type DecodedReport, type ReportData } from '../../report/report-data.js';

/** Why a body is no report. Never quotes the body, as the message of JSON.parse would. */
interface ParseFailure {
  readonly code: UpstreamErrorCode;
  readonly reason: string;
  readonly retry?: RetryRule;
  /** Whether the path setting may be wrong. */
  readonly checkPath?: boolean;
}

export type ParsedResponse = { readonly report: ReportData } | { readonly failure: ParseFailure };

/** Creates a parser for any number of bodies, one after the other. */
export function createResponseParser(): (body: Buffer) => ParsedResponse {
  const readReport = createReportParser();
  return (body) => {
    const report = readReport(body);
    return report === undefined ? parseText(body.toString('utf8')) : { report };
  };
}

/** @throws UpstreamError for what is no report; it names `pathSetting` where that may be why. */
export function toReportOrThrow(response: ParsedResponse, pathSetting: string): DecodedReport {
  if ('report' in response) return toReport(response.report);
  const { code, checkPath, ...rest } = response.failure;
  throw new UpstreamError(code, { ...rest, ...(checkPath && { hint: `Check ${pathSetting}.` }) });
}

function parseText(text: string): ParsedResponse {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { failure: classifyText(text) };
  }
  if (isErrorObject(json)) return { failure: { code: 'UPSTREAM_ERROR', reason: 'an error with HTTP 200' } };
  try {
    return { report: decodeData(json) };
  } catch (error) {
    if (!(error instanceof ReportShapeError)) throw error;
    return { failure: { code: 'UPSTREAM_BAD_RESPONSE', reason: error.message } };
  }
}

function classifyText(text: string): ParseFailure {
  const start = text.slice(0, 65_536);
  if (/^\s*</.test(start)) {
    if (LOGIN_PAGE.test(start)) return { code: 'UPSTREAM_UNAUTHENTICATED', reason: 'a login page' };
    return { code: 'UPSTREAM_BAD_RESPONSE', reason: 'a page', checkPath: true };
  }
  // A body that is delimited by the end of its connection may have been cut short on the way.
  return { code: 'UPSTREAM_BAD_RESPONSE', reason: text === '' ? 'empty body' : 'not JSON', retry: 'once' };
}

// Not "catalog index", not "design inspiration".
const LOGIN_PAGE = /type\s*=\s*["']?password|(?<![a-z])(?:login|signin|(?:log|sign)[ -]in(?![a-z]))/i;

/** `{"error": …}`, also beside a list without rows: Go writes the empty fields of a struct too. */
function isErrorObject(json: unknown): boolean {
  const { error, aggregatedWorkloads: rows } = (json ?? {}) as { error?: unknown; aggregatedWorkloads?: unknown };
  return Boolean(error) && !(Array.isArray(rows) && rows.length > 0);
}
