// From the bytes of the upstream's answer straight to columns: no tree of objects, and no string for a name that was met
// before. It knows what ScaleOps usually sends, and gives up on all else: then JSON.parse and decode.ts have the say.
// What both can read they read alike; a test compares them.

import { decodeEnvelope, ReportShapeError } from './json-parser.js';
import { pack } from '../columns/pack.js';
import { RowReader } from './parse-rows.js';
import type { ReportData } from '../report-data.js';
import { CLOSE_OBJECT, COLON, OPEN_OBJECT, Scanner } from './scanner.js';
import { UnsupportedInputError } from './unsupported-input.js';

/** Reads the report that these bytes are; undefined for what is unusual, or no report. */
export type ParseReport = (bytes: Buffer) => ReportData | undefined;

/** What has read a longer one is not used again. */
const MAX_KEPT_BYTES = 8_388_608;

/** Makes one that reads any number of reports, one after the other. */
export function createReportParser(): ParseReport {
  let rows = new RowReader();
  return (bytes) => {
    try {
      return readAnswer(new Scanner(bytes), rows);
    } catch (error) {
      // JSON.parse and json-parser.ts read the body again, and say why it is refused.
      if (error instanceof UnsupportedInputError || error instanceof ReportShapeError) return undefined;
      throw error;
    } finally {
      // It has grown with the report, and would hold on to that.
      if (bytes.length > MAX_KEPT_BYTES) rows = new RowReader();
    }
  };
}

function readAnswer(scanner: Scanner, rows: RowReader): ReportData {
  const head = new Map<string, unknown>();
  let hasRows = false;
  rows.begin(scanner.bytes.length);
  scanner.expect(OPEN_OBJECT);
  do {
    scanner.peek();
    const key = scanner.readText();
    scanner.expect(COLON);
    if (key === 'aggregatedWorkloads') {
      // Of two lists the last would be the one.
      if (hasRows) throw new UnsupportedInputError();
      hasRows = true;
      scanner.peek();
      scanner.readList(() => {
        rows.read(scanner);
      });
    } else head.set(key, scanner.readValue());
  } while (scanner.hasMore(CLOSE_OBJECT));
  // An error may mean that this is no report.
  if (scanner.peek() !== undefined || !hasRows || head.has('error')) throw new UnsupportedInputError();
  const { columns, droppedNumbers } = rows.end();
  const { window, clusters } = decodeEnvelope({ window: head.get('window'), clusters: head.get('clusters') });
  return { window, clusters, columns: pack(columns), droppedNumbers };
}
