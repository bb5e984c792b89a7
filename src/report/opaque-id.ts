// Ids for the caches of clients: opaque, and the same for the same text in every process.

import { hash } from 'node:crypto';

import { foldCase } from './columns/case-folding.js';

/** 96 bits: two texts out of a billion have the same id with a probability of 1 in 10^11. */
const LENGTH = 16;

/** A hash of the text, in base64url. */
export function toOpaqueId(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, LENGTH);
}

/** The id of an entity: the same for keys that differ only in case. */
export function toEntityId(type: string, key: readonly string[]): string {
  return toOpaqueId(foldCase(JSON.stringify([type, ...key])));
}
