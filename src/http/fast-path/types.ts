// A request for GraphQL as the lane sees it, whatever it came over, and what it is given.

import type { HeadersByName } from '../../auth/authentication.js';
import type { AnswerBody } from '../response/serialize.js';
import type { AnswerHead } from '../server/cached-head.js';

export interface Asked {
  readonly headers: HeadersByName;
  /** The whole body. */
  readonly body: Buffer;
  readonly remoteAddress: string | undefined;
  /** Aborts when the client leaves. Made when somebody looks at it. */
  readonly signal: AbortSignal;
  hasLeft(): boolean;
}

export interface Given {
  /** May be that of answers before. */
  readonly head: AnswerHead;
  readonly requestId: string;
  readonly body: AnswerBody;
}

/** Undefined for what it leaves to the door, without a trace. At once where nothing has to be waited for. */
export type Lane = (asked: Asked) => Given | undefined | Promise<Given | undefined>;

const JSON_TYPE = /^application\/(?:json|graphql\+json)\s*(?:;\s*charset=utf-8\s*)?$/i;
/** Longer ones are no hurry. */
const MAX_BODY_BYTES = 65_536;
/** With any of these something else is asked for than the usual answer. */
const SPECIAL = ['cache-control', 'pragma', 'content-encoding', 'transfer-encoding', 'apollo-federation-include-trace'];

/** How long the body of a POST is that the lane may answer; undefined for all other requests. */
export function lengthOfPlain(method: string | undefined, headers: HeadersByName): number | undefined {
  if (method !== 'POST' || SPECIAL.some((name) => headers.get(name) !== null)) return undefined;
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) return undefined;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  return length > 0 && length <= MAX_BODY_BYTES ? length : undefined;
}
