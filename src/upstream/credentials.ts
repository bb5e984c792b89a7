// Who the gateway is to ScaleOps. A principal is whose data a report is: its `id` may stand in a cache key, its token
// goes into one request header and nowhere else. Today one way to get a token, the ready-made one; others fit the same
// interface.

import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { UpstreamError } from '../errors.js';

/** Whose data it is. */
export interface Principal {
  /** An HMAC of the token under a key of this process: equal for equal tokens, and no way back to one. */
  readonly id: string;
  readonly token: string;
}

export interface Credentials {
  /** @throws UpstreamError UPSTREAM_UNAUTHENTICATED where there is no token to be had. */
  principal(): Promise<Principal>;
}

/** Where the token is: given as it is, or in a file that may be renewed while the gateway runs. */
export type TokenSource = { readonly token: string } | { readonly tokenFile: string };

/** A token fits a header field when it is visible ASCII (RFC 6750, section 2.1, asks for less than that). */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

export function createTokenCredentials(source: TokenSource): Credentials {
  const secret = randomBytes(32);
  let latest: Principal | undefined;
  return {
    async principal() {
      // Read at every use: a mounted secret is replaced under a running process, and a small file costs microseconds.
      const token = 'token' in source ? source.token : await readToken(source.tokenFile);
      if (latest?.token !== token) {
        latest = { id: createHmac('sha256', secret).update(token).digest('base64url'), token };
      }
      return latest;
    },
  };
}

async function readToken(path: string): Promise<string> {
  const token = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  if (isToken(token)) return token;
  throw new UpstreamError('UPSTREAM_UNAUTHENTICATED', {
    message: 'The gateway has no token for ScaleOps: the file cannot be read or holds none. Check SCALEOPS_TOKEN_FILE.',
    reason: 'no token in the token file',
  });
}
