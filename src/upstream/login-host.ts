// One POST to where tokens are given: with a deadline, a bound on the answer, and no redirect followed. What is wrong
// with the host itself becomes our errors here; what the answer means is for who asked.

import { Pool } from 'undici';

import type { Clock } from '../clock.js';
import { UpstreamError } from '../errors.js';
import { startDeadline } from '../flow/deadline.js';
import { readBody } from './body.js';
import { CONNECT_MS, headerOf } from './connections.js';
import { parseRetryAfter, toStatusError, toTransportError } from './faults.js';

export interface LoginRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoginAnswer {
  readonly status: number;
  readonly location: string | undefined;
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
  readonly clock: Clock;
}

/** A login is a small thing: whoever takes longer is not well. */
const MAX_LOGIN_MS = 10_000;
const MAX_ANSWER_BYTES = 262_144;

export function createLoginHost({ url, timeoutMs, clock }: LoginHostOptions): LoginHost {
  const { origin } = new URL(url);
  const pool = new Pool(origin, { connections: 1, headersTimeout: 0, bodyTimeout: 0, connectTimeout: CONNECT_MS });

  const post = async (request: LoginRequest, signal: AbortSignal): Promise<LoginAnswer> => {
    const response = await pool.request({ method: 'POST', ...request, signal });
    const { statusCode: status, body } = response;
    const text = await readBody(body, headerOf(response, 'content-encoding'), MAX_ANSWER_BYTES);
    const location = headerOf(response, 'location');
    if (status === 408 || status === 429 || status >= 500) {
      const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'), clock.now());
      throw toStatusError({ status, location, retryAfterMs, pathSetting: '', url: new URL(url) });
    }
    return { status, location, text: text.toString('utf8') };
  };

  return {
    async post(request, signal) {
      const deadline = startDeadline(clock, Math.min(timeoutMs, MAX_LOGIN_MS), signal);
      try {
        return await deadline.race(post(request, deadline.signal));
      } catch (error) {
        if (deadline.passed()) throw new UpstreamError('UPSTREAM_TIMEOUT', { reason: 'login: deadline' });
        throw toTransportError(error);
      } finally {
        deadline.end();
      }
    },
    close: () => pool.destroy(),
  };
}
