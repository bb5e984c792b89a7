// The ids of entities: what normalizing caches of clients know them by.

import { createHash } from 'node:crypto';

import { foldCase } from '../columns/case-folding.js';

const ENTITY_ID_LENGTH = 22;

/** Opaque, and the same for keys that differ in case alone. */
export function toEntityId(type: string, key: readonly string[]): string {
  const folded = foldCase(JSON.stringify([type, ...key]));
  return createHash('sha256').update(folded).digest('base64url').slice(0, ENTITY_ID_LENGTH);
}
