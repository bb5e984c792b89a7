// What every answer tells a browser: that it is what it says it is, that no page may frame it, and that there is nothing in
// it to run. A page of ours says by itself what it needs (`content-security-policy`).

import type { DoorPlugin } from '../request-state.js';

/** For answers that a browser has nothing to show of. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function useSecurityHeaders(): DoorPlugin {
  const { 'content-security-policy': policy = '', ...others } = SECURITY_HEADERS;
  const headers = Object.entries(others);
  return {
    onResponse({ response }) {
      for (const [name, value] of headers) response.headers.set(name, value);
      if (!response.headers.has('content-security-policy')) response.headers.set('content-security-policy', policy);
    },
  };
}
