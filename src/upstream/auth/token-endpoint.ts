// One POST to an endpoint that issues tokens: with a deadline and a size limit, and without following redirects. Failures
// of the host become UpstreamErrors here; the caller interprets the response.

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import { Deadline } from '../../concurrency/deadline.js';
import { drainOrClose, readBody } from '../http/body.js';
import { headerOf } from '../http/connections.js';
import { createDispatcher, type ProxySettings } from '../http/proxy.js';
import { parseRetryAfter, toStatusError, toTransportError } from '../http/errors.js';

interface TokenRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoginTransport {
  readonly timeoutMs: number;
  readonly proxy?: ProxySettings | undefined;
  readonly clock: Clock;
}

interface TokenEndpointOptions {
  /** Whether the token is in the body; if not, the body is discarded and `text` is empty. */
  readonly hasTextBody: boolean;
  /** The error message for an invalid response; names the setting to check. */
  readonly invalidResponseMessage: string;
}

/** A login is a small request: a host that takes longer has a problem. */
const MAX_LOGIN_MS = 10_000;
const MAX_RESPONSE_BYTES = 262_144;

export function createTokenEndpoint(
  url: string,
  { timeoutMs, proxy, clock }: LoginTransport,
  { hasTextBody, invalidResponseMessage }: TokenEndpointOptions,
) {
  const { origin } = new URL(url);
  const dispatcher = createDispatcher(origin, 1, proxy);

  const post = async (request: TokenRequest, signal: AbortSignal) => {
    const response = await dispatcher.request({ origin, method: 'POST', ...request, signal });
    const { statusCode: status, body } = response;
    const location = headerOf(response, 'location');
    const isFault = status === 408 || status === 429 || status >= 500;
    if (isFault || !hasTextBody) drainOrClose(body, clock);
    if (isFault) {
      const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'), clock.now());
      throw toStatusError({ status, location, retryAfterMs, pathSetting: '', url: new URL(url) });
    }
    const limits = { maxBytes: MAX_RESPONSE_BYTES };
    const blocks = hasTextBody ? await readBody(body, headerOf(response, 'content-encoding'), limits) : [];
    return { status, location, text: Buffer.concat(blocks).toString('utf8') };
  };

  return {
    /** @throws UpstreamError when the host cannot be reached, is too slow, or fails (408, 429, 5xx). */
    async post(request: TokenRequest, signal: AbortSignal) {
      const toError = () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'login: deadline' });
      const deadline = new Deadline(clock, Math.min(timeoutMs, MAX_LOGIN_MS), { caller: { signal }, toError });
      try {
        return await deadline.race(post(request, deadline.signal));
      } catch (error) {
        throw toLoginError(toTransportError(error), invalidResponseMessage);
      } finally {
        deadline.end();
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** Errors about a response are about a report; replaces their message by one about the login. */
function toLoginError(error: unknown, message: string): unknown {
  if (!(error instanceof UpstreamError)) return error;
  if (error.code !== 'UPSTREAM_BAD_RESPONSE' && error.code !== 'UPSTREAM_RESPONSE_TOO_LARGE') return error;
  const { reason = '', retry } = error;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', { message, reason: `login: ${reason}`, retry });
}
