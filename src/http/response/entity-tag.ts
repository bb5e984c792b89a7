// Entity tags (RFC 9110, section 8.8.3).

import { createHash } from 'node:crypto';

/** A strong tag of these bytes. */
export function toETag(chunks: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}

/** Whether `If-None-Match` names the tag, by weak comparison: in a list, or as `*` (section 13.1.2). */
export function matchesTag(ifNoneMatch: string | null, tag: string): boolean {
  if (ifNoneMatch === null) return false;
  const opaque = tag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((each) => {
    const candidate = each.trim();
    return candidate === '*' || candidate.replace(/^W\//, '') === opaque;
  });
}
