// The ids of entities: what normalizing caches of clients know them by.

import { foldCase } from '../columns/case-folding.js';
import { toOpaqueId } from '../opaque-id.js';

/** Opaque, and the same for keys that differ only in case. */
export function toEntityId(type: string, key: readonly string[]): string {
  return toOpaqueId(foldCase(JSON.stringify([type, ...key])));
}
