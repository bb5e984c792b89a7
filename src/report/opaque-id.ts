// Ids for the caches of clients: opaque, and the same for the same text in every process.

import { createHash } from 'node:crypto';

/** 96 bits: two texts out of a billion have the same id with a probability of 1 in 10^11. */
const LENGTH = 16;

/** A hash of the text, in characters of base64url. */
export function toOpaqueId(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, LENGTH);
}
