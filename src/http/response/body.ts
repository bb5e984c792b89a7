// Puts a serialized response together: short ones at once, long ones piece by piece while the client reads them.

import type { RunSteps } from '../../execution/complete-items.js';
import { isStream, type ResponseBody } from '../http-message.js';

/** How much is put together before the first byte is sent. */
const MAX_BUFFERED_BYTES = 1_048_576;

interface BodyOptions {
  /** Shares the event loop with other work. */
  readonly runSteps: RunSteps;
  /** Called with the length of each piece before it is sent. May throw, which ends the response. */
  readonly onBytes: (count: number) => void;
}

/** Synchronous when the response is short. */
export function toBody(pieces: Iterator<Buffer, void>, options: BodyOptions): ResponseBody | Promise<ResponseBody> {
  return options.runSteps(buffer(pieces, options));
}

function* buffer(pieces: Iterator<Buffer, void>, options: BodyOptions): Generator<undefined, ResponseBody, undefined> {
  const made: Buffer[] = [];
  let bytes = 0;
  while (bytes < MAX_BUFFERED_BYTES) {
    const next = pieces.next();
    if (next.done === true) return made;
    options.onBytes(next.value.length);
    made.push(next.value);
    bytes += next.value.length;
    yield;
  }
  return streamRest(made, pieces, options);
}

async function* streamRest(
  made: readonly Buffer[],
  pieces: Iterator<Buffer, void>,
  { runSteps, onBytes }: BodyOptions,
): AsyncGenerator<Buffer, void> {
  yield* made;
  for (;;) {
    const next = await runSteps(takeNext(pieces));
    if (next.done === true) return;
    onBytes(next.value.length);
    yield next.value;
  }
}

function* takeNext(pieces: Iterator<Buffer, void>): Generator<undefined, IteratorResult<Buffer, void>, undefined> {
  return pieces.next();
}

/** All of a body in one piece, unless it is longer than `maxBytes`: then undefined, and `rest` is the body to send. */
export async function gather(
  body: ResponseBody,
  maxBytes: number,
): Promise<{ readonly whole: Buffer } | { readonly whole: undefined; readonly rest: ResponseBody }> {
  const gathered: Buffer[] = [];
  if (!(Symbol.asyncIterator in body)) {
    const length = body.reduce((sum, piece) => sum + piece.length, 0);
    return length <= maxBytes ? { whole: Buffer.concat(body) } : { whole: undefined, rest: body };
  }
  const iterator = body[Symbol.asyncIterator]();
  let length = 0;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return { whole: Buffer.concat(gathered) };
    gathered.push(next.value);
    length += next.value.length;
    if (length > maxBytes) return { whole: undefined, rest: continueWith(gathered, iterator) };
  }
}

async function* continueWith(gathered: readonly Buffer[], iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* gathered;
  yield* { [Symbol.asyncIterator]: () => iterator };
}

/** The body; `onFailure` is called when it fails after its headers were sent, which ends the connection. */
export function reportFailure(body: ResponseBody, onFailure: (error: unknown) => void): ResponseBody {
  return isStream(body) ? reportStreamFailure(body, onFailure) : body;
}

async function* reportStreamFailure(
  body: AsyncIterable<Buffer>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    onFailure(error);
    throw error;
  }
}
