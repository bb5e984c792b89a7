// How many bytes the values of the cache retain, as V8 lays them out on a 64-bit machine. test/cache/weight.test.ts
// compares the sums with the growth of the heap.

import type { ReportRequest } from '../../report/request.js';
import { relatedKey } from '../../report/entities/entity-request.js';
import type { ReportEntry } from './report-entry.js';

const POINTER_BYTES = 8;
const STRING_HEADER_BYTES = 16;
const OBJECT_HEADER_BYTES = 24;
/** A JSArray and the header of its elements. */
const ARRAY_HEADER_BYTES = 48;
/** One character outside of Latin-1 makes V8 store every character of the string in two bytes. */
const TWO_BYTE_CHARACTER = /[^\0-\u00ff]/;
/** An entry without its report and strings: its objects, and its nodes in the LRU list and the index. */
const ENTRY_BYTES = 570;

export function weighEntry({ key, report, request }: ReportEntry): number {
  const relatedKeyBytes = request.report === 'workloads' ? weighString(relatedKey(request)) : 0;
  return ENTRY_BYTES + weighString(key) + report.byteSize + weighRequest(request) + relatedKeyBytes;
}

export function weighString(text: string): number {
  const characterBytes = TWO_BYTE_CHARACTER.test(text) ? 2 : 1;
  return STRING_HEADER_BYTES + POINTER_BYTES * Math.ceil((characterBytes * text.length) / POINTER_BYTES);
}

/** A report request with the names in its lists. */
function weighRequest(request: ReportRequest): number {
  let bytes = OBJECT_HEADER_BYTES;
  for (const value of Object.values(request) as unknown[]) {
    bytes += POINTER_BYTES;
    if (typeof value === 'string') bytes += weighString(value);
    if (!Array.isArray(value)) continue;
    bytes += ARRAY_HEADER_BYTES;
    for (const name of value as string[]) bytes += POINTER_BYTES + weighString(name);
  }
  return bytes;
}
