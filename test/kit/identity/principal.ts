// Principals for tests below the gateway: one for each token, without a host that knows the token.

import { UpstreamError } from '../../../src/errors.js';
import { createPrincipal, type Principal } from '../../../src/upstream/principal.js';

/** The principal of a configured token. */
export function principalOf(token: string, rest: Partial<Pick<Principal, 'isCaller' | 'expiresAt'>> = {}): Principal {
  return createPrincipal(token, {
    isCaller: false,
    expiresAt: undefined,
    ...rest,
    tokens: {
      token: () => Promise.resolve(token),
      renew: () => Promise.resolve(undefined),
      recordRejection: () => undefined,
      rejectionError: (reason) => new UpstreamError('UPSTREAM_UNAUTHENTICATED', { reason }),
    },
  });
}
