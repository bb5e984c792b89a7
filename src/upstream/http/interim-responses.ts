// Reads over `100 Continue`, which undici takes for an error of the host. A client must be able to read interim responses
// that it did not ask for (RFC 9110, section 15.2); undici itself skips all others.

import type { Duplex } from 'node:stream';

/** The start of its status line, and the end of its fields. */
const STATUS_LINE = Buffer.from('HTTP/1.1 100');
const FIELDS_END = '\r\n\r\n';
/** A longer one is left to undici. */
const MAX_BYTES = 16_384;

/**
 * Takes every `100 Continue` out of what is read from a socket.
 * @returns a function to call when a request is sent: the next bytes are the start of a response.
 */
export function skipContinue(socket: Duplex): () => void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  let isResponseStart = false;
  /** Of an interim response whose end has not arrived. */
  let pending = Buffer.alloc(0);
  socket.read = (size?: number): Buffer | null => {
    let chunk = read(size);
    while (isResponseStart && chunk !== null) {
      const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const rest = withoutContinue(bytes);
      isResponseStart = rest === undefined;
      if (rest !== undefined) return rest;
      pending = Buffer.from(bytes);
      chunk = read(size);
    }
    return chunk;
  };
  return () => {
    isResponseStart = true;
    pending = Buffer.alloc(0);
  };
}

/** The bytes after any `100 Continue`; undefined when more bytes have to arrive to tell. */
function withoutContinue(bytes: Buffer): Buffer | undefined {
  let rest = bytes;
  while (startsLike(rest)) {
    const end = rest.indexOf(FIELDS_END);
    if (end < 0 || rest.length < STATUS_LINE.length) return rest.length > MAX_BYTES ? bytes : undefined;
    rest = rest.subarray(end + FIELDS_END.length);
  }
  return rest;
}

/** Whether these are the first bytes of a `100 Continue`, as far as they have arrived. */
function startsLike(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, STATUS_LINE.length);
  return bytes.compare(STATUS_LINE, 0, length, 0, length) === 0;
}
