// Bodies of responses: short ones are buffered, long ones are streamed while the client reads them.

import type { RunComputation } from '../../execution/complete-items.js';
import { isStream, type ResponseBody } from '../http-message.js';

/** Longer bodies are streamed. */
const MAX_BUFFERED_BYTES = 1_048_576;

interface BodyOptions {
  readonly runComputation: RunComputation;
  /** Called with the length of each piece before it is sent. May throw, which ends the response. */
  readonly onBytes: (count: number) => void;
}

/** Synchronous when the response is short. */
export function toBody(pieces: Iterator<Buffer, void>, options: BodyOptions): ResponseBody | Promise<ResponseBody> {
  return options.runComputation(buffer(pieces, options));
}

function* buffer(pieces: Iterator<Buffer, void>, options: BodyOptions): Generator<undefined, ResponseBody, undefined> {
  const buffered: Buffer[] = [];
  let bytes = 0;
  while (bytes < MAX_BUFFERED_BYTES) {
    const next = pieces.next();
    if (next.done === true) return buffered;
    options.onBytes(next.value.length);
    buffered.push(next.value);
    bytes += next.value.length;
    yield;
  }
  return streamRest(buffered, pieces, options);
}

async function* streamRest(
  buffered: readonly Buffer[],
  pieces: Iterator<Buffer, void>,
  { runComputation, onBytes }: BodyOptions,
): AsyncGenerator<Buffer, void> {
  yield* buffered;
  for (;;) {
    const next = await runComputation(nextPiece(pieces));
    if (next.done === true) return;
    onBytes(next.value.length);
    yield next.value;
  }
}

function* nextPiece(pieces: Iterator<Buffer, void>): Generator<undefined, IteratorResult<Buffer, void>, undefined> {
  return pieces.next();
}

/** Reads a stream of at most `maxBytes` into chunks; a longer body is returned as a stream. */
export async function gather(body: ResponseBody, maxBytes: number): Promise<ResponseBody> {
  if (!isStream(body)) return body;
  const iterator = body[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let bytes = 0;
  while (bytes <= maxBytes) {
    const next = await iterator.next();
    if (next.done === true) return chunks;
    chunks.push(next.value);
    bytes += next.value.length;
  }
  return prepend(chunks, iterator);
}

async function* prepend(chunks: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** The stream; `onFailure` is called when it fails after the headers were sent, which ends the connection. */
export async function* reportFailure(
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
