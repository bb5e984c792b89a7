// An HTTP request and response as the gateway sees them, independent of how they are transported: over a socket
// (server/node-adapter.ts) or by a call (fetch-adapter.ts).

import type { HeadersByName } from '../auth/authentication.js';
import { GatewayError } from '../errors.js';

export interface HttpRequest {
  readonly method: string;
  /** The path of the request target, without the query string. */
  readonly path: string;
  /** The query string with its question mark; empty without one. */
  readonly search: string;
  /** By lower-case name; repeated headers are joined with commas. */
  readonly headers: HeadersByName;
  readonly remoteAddress: string | undefined;
  /** Aborts when the client leaves. Created on first use. */
  readonly signal: AbortSignal;
  isDisconnected(): boolean;
  /** The body as sent. @throws GatewayError REQUEST_ENTITY_TOO_LARGE when it is longer than `maxBytes`. */
  readBody(maxBytes: number): Promise<Buffer>;
}

export interface HttpResponse {
  readonly status: number;
  /** Names and values, alternating: the form that Node writes without another pass. */
  readonly headers: readonly string[];
  readonly body: ResponseBody;
  /** Must be called when the body is sent, or will not be. */
  readonly onEnd?: (() => void) | undefined;
}

/** Chunks, or a stream of them. A consumer that stops early ends the work behind the stream. */
export type ResponseBody = readonly Buffer[] | AsyncIterable<Buffer>;

export function isStream(body: ResponseBody): body is AsyncIterable<Buffer> {
  return Symbol.asyncIterator in body;
}

/** The error for a body of more than `maxBytes`. */
export function bodyTooLarge(maxBytes: number): GatewayError {
  const limit = `${Math.floor(maxBytes / 1_024)} KiB, decompressed (GATEWAY_MAX_BODY_KIB)`;
  const message = `The request body is larger than ${limit}. Send shorter lists, or several requests.`;
  return new GatewayError('REQUEST_ENTITY_TOO_LARGE', { message });
}

export function byteLength(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
