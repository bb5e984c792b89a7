// Persisted queries as clients send them.

import { createHash } from 'node:crypto';

/** The SHA-256 hash of a document, in hexadecimal. */
export function hashOf(document: string): string {
  return createHash('sha256').update(document).digest('hex');
}
