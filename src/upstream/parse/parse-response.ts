// Parses the body of a response with HTTP 200: a report, or why it is not one. The result is plain data, so that another
// thread can return it.

import { UpstreamError, type UpstreamErrorCode } from '../../errors.js';
import type { RetryRule } from '../../concurrency/retry.js';
import { ReportShapeError } from '../../report/parse/envelope/envelope.js';
import { isFailure } from '../../report/parse/envelope/member-values.js';
import { assertNoRepeatedMember } from '../../report/parse/envelope/repeated-members.js';
import { decodeData } from '../../report/parse/json-parser.js';
import { createFastParser } from '../../report/parse/fast-parser.js';
import { toReport, type ReportData } from '../../report/report-data.js';
import type { Report } from '../../report/report.js';
import type { ReportRequest } from '../../report/request.js';
import { checkAgainstRequest } from '../../report/requested-window.js';

/** Why a body is not a report. Never quotes the body, as the message of JSON.parse would. */
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
  const readReport = createFastParser();
  return (body) => {
    const json = skipByteOrderMark(body);
    const report = readReport(json);
    return report === undefined ? parseWithJson(json) : { report };
  };
}

/** RFC 8259, section 8.1, allows a parser to ignore one. */
function skipByteOrderMark(body: Buffer): Buffer {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

/** The request that a body responds to. */
export interface RequestContext {
  readonly request: ReportRequest;
  /** When the body arrived, in milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** The setting with the path of the request, for errors. */
  readonly pathSetting: string;
}

/** @throws UpstreamError for a body that is not a report; it names `pathSetting` where that may be wrong. */
export function toReportOrThrow(
  response: ParsedResponse,
  { request, receivedAt, pathSetting }: RequestContext,
): Report {
  if ('report' in response) return toReport(checkAgainstRequest(response.report, request, receivedAt));
  const { code, checkPath, ...rest } = response.failure;
  throw new UpstreamError(code, { ...rest, ...(checkPath && { hint: `Check ${pathSetting}.` }) });
}

function parseWithJson(body: Buffer): ParsedResponse {
  const text = body.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { failure: classifyText(text) };
  }
  if (isErrorObject(json)) return { failure: { code: 'UPSTREAM_ERROR', reason: 'an error with HTTP 200' } };
  try {
    const report = decodeData(json);
    assertNoRepeatedMember(body);
    return { report };
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
  const { error, errors, aggregatedWorkloads: rows } = (json ?? {}) as Readonly<Record<string, unknown>>;
  return (isFailure(error) || isFailure(errors)) && !(Array.isArray(rows) && rows.length > 0);
}
