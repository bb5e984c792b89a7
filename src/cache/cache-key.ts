// Where reports are kept: under a key of whose they are and what was asked.

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

import { toRequestKey, type ReportRequest } from '../report/request.js';
import type { Principal } from '../upstream/principal.js';
import type { Place } from './memory/lru-store.js';

/** How many characters of what keys were made of are remembered: a request may name thousands of things. */
const MAX_KNOWN_CHARACTERS = 262_144;

/** `upstream` names the upstream in the keys. */
export function createPlaces(upstream: string): (request: ReportRequest, principal: Principal) => Place {
  // The same few reports are asked for again and again.
  const known = new LRUCache<string, string>({
    maxSize: MAX_KNOWN_CHARACTERS,
    sizeCalculation: (key, text) => key.length + text.length,
  });
  return (request, principal) => {
    const requestKey = toRequestKey(request);
    const text = `${principal.id} ${requestKey}`;
    let key = known.get(text);
    if (key === undefined) known.set(text, (key = toKey([upstream, principal.id, requestKey])));
    return { key, request, principal };
  };
}

/** So that a key never shows whose data it is or what was asked, and has one length. */
function toKey(parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
