// One POST to where tokens are given: with a deadline, a bound on the answer, and no redirect followed. What is wrong
// with the host itself becomes our errors here; what the answer means is for who asked.

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';
import { Deadline } from '../../concurrency/deadline.js';
import { drainOrClose, readBody } from '../http/body.js';
import { headerOf } from '../http/connections.js';
import { createDispatcher, type ProxySettings } from '../http/proxy.js';
import { parseRetryAfter, toStatusError, toTransportError } from '../http/errors.js';

export interface LoginRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoginAnswer {
  readonly status: number;
  readonly location: string | undefined;
  /** Empty where `readsText` is not set. */
  readonly text: string;
}

export interface LoginHost {
  /** @throws UpstreamError when the host cannot be reached, is too slow, or fails (408, 429, 5xx). */
  post(request: LoginRequest, signal: AbortSignal): Promise<LoginAnswer>;
  close(): Promise<void>;
}

export interface LoginHostOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly proxy?: ProxySettings | undefined;
  readonly clock: Clock;
  /** Whether the token is in the text of the answer. */
  readonly readsText: boolean;
  /** What a client is told when the answer makes no sense, and which setting to look at. */
  readonly nonsense: string;
}

/** A login is a small thing: whoever takes longer is not well. */
const MAX_LOGIN_MS = 10_000;
const MAX_ANSWER_BYTES = 262_144;

export function createLoginHost({ url, timeoutMs, proxy, clock, readsText, nonsense }: LoginHostOptions): LoginHost {
  const { origin } = new URL(url);
  const dispatcher = createDispatcher(origin, 1, proxy);

  const post = async (request: LoginRequest, signal: AbortSignal): Promise<LoginAnswer> => {
    const response = await dispatcher.request({ origin, method: 'POST', ...request, signal });
    const { statusCode: status, body } = response;
    const location = headerOf(response, 'location');
    const isFault = status === 408 || status === 429 || status >= 500;
    if (isFault || !readsText) drainOrClose(body, clock);
    if (isFault) {
      const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'), clock.now());
      throw toStatusError({ status, location, retryAfterMs, pathSetting: '', url: new URL(url) });
    }
    const bounds = { maxBytes: MAX_ANSWER_BYTES };
    const blocks = readsText ? await readBody(body, headerOf(response, 'content-encoding'), bounds) : [];
    return { status, location, text: Buffer.concat(blocks).toString('utf8') };
  };

  return {
    async post(request, signal) {
      const toError = () => new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'login: deadline' });
      const deadline = new Deadline(clock, Math.min(timeoutMs, MAX_LOGIN_MS), { caller: { signal }, toError });
      try {
        return await deadline.race(post(request, deadline.signal));
      } catch (error) {
        throw toLoginError(toTransportError(error), nonsense);
      } finally {
        deadline.end();
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** What is wrong with an answer is said of a report elsewhere, and of a login here. */
function toLoginError(error: unknown, nonsense: string): unknown {
  if (!(error instanceof UpstreamError)) return error;
  if (error.code !== 'UPSTREAM_BAD_RESPONSE' && error.code !== 'UPSTREAM_RESPONSE_TOO_LARGE') return error;
  const { reason = '', retry } = error;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', { message: nonsense, reason: `login: ${reason}`, retry });
}
