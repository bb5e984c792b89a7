// Skips interim responses. undici treats `100 Continue` as an error of the host, even after another interim response. A
// client must be able to parse interim responses that it does not expect (RFC 9110, section 15.2).

import type { Duplex } from 'node:stream';

/** Any 1xx but `101 Switching Protocols`, which is a final response; also with version 1.0, which some hosts send. */
const STATUS_LINE = /^HTTP\/1\.[01] 1(?!01)\d\d/;
/** Replaces the bytes of a status line that have not arrived. */
const EXAMPLE = 'HTTP/1.1 100';
const FIELDS_END = '\r\n\r\n';
/** A longer one is left to undici. */
const MAX_BYTES = 16_384;

/**
 * Removes interim responses from the bytes that are read from a socket.
 * @returns a function to call when a request is sent: the next bytes are the start of a response.
 */
export function skipInterimResponses(socket: Duplex): () => void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  let isResponseStart = false;
  /** The start of an interim response whose end has not arrived. */
  let pending = Buffer.alloc(0);
  socket.read = (size?: number): Buffer | null => {
    let chunk = read(size);
    while (isResponseStart && chunk !== null) {
      const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const { rest, isComplete } = skip(bytes);
      isResponseStart = !isComplete;
      if (isComplete) return rest;
      pending = Buffer.from(rest);
      chunk = read(size);
    }
    return chunk;
  };
  return () => {
    isResponseStart = true;
    pending = Buffer.alloc(0);
  };
}

/** The bytes after any interim responses; `isComplete` is false while more bytes are needed to decide. */
function skip(bytes: Buffer): { readonly rest: Buffer; readonly isComplete: boolean } {
  let rest = bytes;
  while (startsLikeInterim(rest)) {
    const end = rest.length < EXAMPLE.length ? -1 : rest.indexOf(FIELDS_END);
    if (end < 0) return { rest, isComplete: rest.length > MAX_BYTES };
    rest = rest.subarray(end + FIELDS_END.length);
  }
  return { rest, isComplete: true };
}

/** Whether the bytes that have arrived may start an interim response. */
function startsLikeInterim(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, EXAMPLE.length);
  return STATUS_LINE.test(start + EXAMPLE.slice(start.length));
}
