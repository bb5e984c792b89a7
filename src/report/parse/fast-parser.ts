// Parses a response from bytes to columns: without a tree of objects, and without a string for a repeated name. It supports
// what ScaleOps usually sends. For anything else the caller uses JSON.parse and json-parser.ts. A test compares what both
// support.

import { assembleReport } from './assemble-report.js';
import { decodeEnvelope, ReportShapeError } from './envelope/envelope.js';
import { RowReader } from './parse-rows.js';
import type { ReportData } from '../report-data.js';
import { CLOSE_LIST, CLOSE_OBJECT, COLON, OPEN_OBJECT, Scanner } from './scanner.js';
import { UnsupportedInputError } from './unsupported-input.js';

/** Parses a report; undefined when the input is not supported or no report. */
type ParseReport = (bytes: Buffer) => ReportData | undefined;

/** Discard the buffers after a body of this size, to release their memory. */
const MAX_REUSED_BYTES = 8_388_608;

/** Creates a parser for any number of reports, one after the other. */
export function createFastParser(): ParseReport {
  let rows = new RowReader();
  return (bytes) => {
    try {
      return parseResponse(new Scanner(bytes), rows);
    } catch (error) {
      // JSON.parse and json-parser.ts read the body again, and say why it is refused.
      if (error instanceof UnsupportedInputError || error instanceof ReportShapeError) return undefined;
      throw error;
    } finally {
      // The buffers have grown with the report.
      if (bytes.length > MAX_REUSED_BYTES) rows = new RowReader();
    }
  };
}

function parseResponse(scanner: Scanner, rows: RowReader): ReportData {
  const members = new Map<string, unknown>();
  let hasRows = false;
  rows.begin(scanner.bytes.length);
  scanner.expect(OPEN_OBJECT);
  do {
    scanner.peek();
    const key = scanner.readText();
    scanner.expect(COLON);
    // A repeated member: the caller refuses it.
    if (members.has(key) || (hasRows && key === 'aggregatedWorkloads')) throw new UnsupportedInputError();
    if (key === 'aggregatedWorkloads') {
      hasRows = true;
      if (scanner.beginList()) {
        do {
          rows.read(scanner);
        } while (scanner.hasMore(CLOSE_LIST));
      }
    } else members.set(key, scanner.readValue());
  } while (scanner.hasMore(CLOSE_OBJECT));
  if (scanner.peek() !== undefined || !hasRows) throw new UnsupportedInputError();
  const { columns, warnings } = rows.end();
  // Without rows the response may be no report.
  const isDoubtful = warnings.skippedRows > 0 || members.has('error') || members.has('errors');
  if (columns.rowCount === 0 && isDoubtful) throw new UnsupportedInputError();
  return assembleReport(decodeEnvelope(members), columns, warnings);
}
