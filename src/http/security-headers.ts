// What every answer tells a browser: that it is what it says it is, that no page may frame it, and that there is nothing in
// it to run. A page of ours says by itself what it needs (`content-security-policy`).

import type { DoorPlugin } from './request-state.js';

/** For answers that a browser has nothing to show of. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function useSecurityHeaders(): DoorPlugin {
  const headers = Object.entries(SECURITY_HEADERS);
  return {
    onResponse({ response }) {
      for (const [name, value] of headers) if (!response.headers.has(name)) response.headers.set(name, value);
    },
  };
}
