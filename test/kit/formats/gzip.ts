// Finds gzip data in other bytes, so that a test can search it for texts that must not be there.

import { inflateRawSync } from 'node:zlib';

/** The decompressed content of everything that is gzip, at any offset. */
export function gunzipAll(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf('\x1f\x8b', 0, 'latin1'); at >= 0; at = bytes.indexOf('\x1f\x8b', at + 1, 'latin1')) {
    try {
      // After the ten bytes of its header; trailing bytes do not matter.
      found.push(inflateRawSync(bytes.subarray(at + 10)));
    } catch {
      // Two bytes that only look like gzip.
    }
  }
  return found;
}
