// How a client wants its answer, and the head of it: the same headers as at the door.

import type { HeadersByName } from '../../access/authentication.js';
import { toCorsHeaders } from '../cors.js';
import { toFreshnessHeaders, type AnswerFreshness, type FreshnessOptions } from '../freshness.js';
import type { ProtectionLimits } from '../protection.js';
import type { Given } from './asked.js';
import type { Learned } from './learned.js';

export interface Reply {
  readonly isGzip: boolean;
  /** Equal for requests that get the same answer to the same question. */
  readonly key: string;
  /** Names and values, in turn, of the headers that do not change. */
  readonly headers: readonly string[];
}

/** What is answered, but for how. */
export interface Answered {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly freshness?: AnswerFreshness | undefined;
  readonly isGzip?: boolean;
  readonly body: Given['body'];
}

export interface ReplyOptions extends Pick<FreshnessOptions, 'scope' | 'variesBy'> {
  readonly learned: Pick<Learned, 'typeFor'>;
  readonly limits: Pick<ProtectionLimits, 'headers' | 'origins'>;
}

export interface Replies {
  /** Undefined where it is for the door to find out. */
  replyTo(headers: HeadersByName): Reply | undefined;
  give(reply: Reply, answered: Answered, requestId: string): Given;
}

export function createReplies({ learned, limits, scope, variesBy }: ReplyOptions): Replies {
  // Also for who may not ask: what is kept for the one is not for the other.
  const varyAlways = limits.origins === undefined ? [] : ['origin'];
  const secure = Object.entries(limits.headers).flat();
  return {
    replyTo(headers) {
      const type = learned.typeFor(headers.get('accept'));
      const origin = limits.origins === undefined ? null : headers.get('origin');
      if (type === undefined || (origin !== null && limits.origins?.includes(origin) !== true)) return undefined;
      const cors = origin === null ? [] : Object.entries(toCorsHeaders(origin)).flat();
      return {
        isGzip: GZIP.test(headers.get('accept-encoding') ?? ''),
        key: `${type}\n${origin ?? ''}`,
        headers: ['content-type', type, ...secure, ...cors],
      };
    },
    give(reply, { status, headers = {}, freshness, isGzip = false, body }, requestId) {
      const own = [...reply.headers, 'x-request-id', requestId];
      for (const [name, value] of Object.entries(headers)) own.push(name, value);
      for (const [name, value] of Object.entries(toFreshnessHeaders(freshness, scope))) own.push(name, value);
      const isFresh = freshness !== undefined && freshness.freshSeconds > 0;
      const vary = isFresh ? [...varyAlways, variesBy] : varyAlways;
      if (vary.length > 0) own.push('vary', vary.join(', '));
      if (isGzip) own.push('content-encoding', 'gzip');
      if (!(Symbol.asyncIterator in body)) {
        own.push('content-length', String(body.reduce((sum, { length }) => sum + length, 0)));
      }
      return { status, headers: own, body };
    },
  };
}

/** Gzip, and not with a weight of 0 (RFC 9110, section 12.5.3). */
const GZIP = /(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/i;
