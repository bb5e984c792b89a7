// How a client wants its answer, and the head of it: the same headers as at the door.

import { LRUCache } from 'lru-cache';

import type { HeadersByName } from '../../auth/authentication.js';
import { toCorsHeaders } from '../plugins/cors.js';
import { toFreshnessHeaders, type AnswerFreshness, type FreshnessOptions } from '../response/cache-headers.js';
import { AnswerHead } from '../server/cached-head.js';
import type { ProtectionLimits } from '../plugins/protection.js';
import type { Given } from './types.js';
import type { Learned } from './known-operations.js';

export interface Reply {
  /** The media type. */
  readonly type: string;
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
  /** Made once for an answer that is given again. */
  head?: AnswerHead;
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
  const toReply = (type: string, origin: string | null, isGzip: boolean): Reply => {
    const cors = origin === null ? [] : Object.entries(toCorsHeaders(origin)).flat();
    return { type, isGzip, key: `${type}\n${origin ?? ''}`, headers: ['content-type', type, ...secure, ...cors] };
  };
  const toHead = (reply: Reply, { status, headers = {}, freshness, isGzip = false, body }: Answered): AnswerHead => {
    const head = [...reply.headers];
    for (const [name, value] of Object.entries(headers)) head.push(name, value);
    for (const [name, value] of Object.entries(toFreshnessHeaders(freshness, scope))) head.push(name, value);
    const isFresh = freshness !== undefined && freshness.freshSeconds > 0;
    const vary = isFresh ? [...varyAlways, variesBy] : varyAlways;
    if (vary.length > 0) head.push('vary', vary.join(', '));
    if (isGzip) head.push('content-encoding', 'gzip');
    if (!(Symbol.asyncIterator in body)) {
      head.push('content-length', String(body.reduce((sum, { length }) => sum + length, 0)));
    }
    return new AnswerHead(status, head);
  };
  const known = new LRUCache<string, Reply>({ max: MAX_KNOWN });
  return {
    replyTo(headers) {
      const accept = headers.get('accept');
      const encoding = headers.get('accept-encoding');
      const origin = limits.origins === undefined ? null : headers.get('origin');
      const wanted = `${accept ?? ''}\n${encoding ?? ''}\n${origin ?? '\n'}`;
      const found = known.get(wanted);
      if (found !== undefined) return found;
      const type = learned.typeFor(accept);
      if (type === undefined || (origin !== null && limits.origins?.includes(origin) !== true)) return undefined;
      const reply = toReply(type, origin, GZIP.test(encoding ?? ''));
      if (wanted.length <= MAX_KNOWN_LENGTH) known.set(wanted, reply);
      return reply;
    },
    give(reply, answered, requestId) {
      const { body, head = (answered.head = toHead(reply, answered)) } = answered;
      return { head, requestId, body };
    },
  };
}

/** Clients have few ways to say what they want, and whoever makes up others pushes out no more than these. */
const MAX_KNOWN = 64;
const MAX_KNOWN_LENGTH = 512;
/** Gzip, and not with a weight of 0 (RFC 9110, section 12.5.3). */
const GZIP = /(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/i;
