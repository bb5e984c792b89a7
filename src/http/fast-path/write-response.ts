// Writes what came of an operation: its text up to the end, which tells how old it is, and that end.

import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { ExecutionResult } from 'graphql';

import { toBody, writeOpening } from '../response/serialize.js';
import { sayAge, type ReadyAnswer, type Told } from './cached-response.js';
import type { Answered, Reply } from './response-head.js';

export interface WrittenResult extends Told {
  readonly result: ExecutionResult;
}

/** Longer answers are not kept: they are many reports' worth. */
const MAX_KEPT_BYTES = 16_777_216;

/** An answer with data. `toReady` is told the pieces of all but its end, as soon as they are there. */
export function writeAnswer(
  { result, ...told }: WrittenResult,
  isGzip: boolean,
  toReady: (pieces: readonly Buffer[]) => ReadyAnswer,
): Answered | Promise<Answered> {
  const body = toBody(writeOpening(result));
  if (!(Symbol.asyncIterator in body)) return toReady(body).answer(told, isGzip);
  const { freshness, end } = sayAge(told.age);
  const whole = collect(body, end, toReady);
  const keptFor = told.mayBeKept ? freshness : undefined;
  return { status: 200, freshness: keptFor, isGzip, body: isGzip ? compress(whole) : whole };
}

/** An answer without data. */
export function toRefusal(result: ExecutionResult, { type }: Reply): Answered {
  const isJson = type.startsWith('application/json');
  let status = 0;
  let headers = {};
  for (const { extensions } of result.errors ?? []) {
    const http = (extensions.http ?? {}) as Partial<Answered> & { readonly spec?: boolean };
    headers = { ...headers, ...http.headers };
    // As Yoga does: who knows no media type of GraphQL's own is answered well where the request was received well.
    if (!(isJson && http.spec === true)) status = Math.max(status, http.status ?? 0);
  }
  return { status: status === 0 ? 200 : status, headers, body: [...writeOpening(result), Buffer.from('}')] };
}

/** The pieces and the end, as they come; told when all have come, unless they are too many. */
async function* collect(
  pieces: AsyncIterable<Buffer>,
  end: string,
  toReady: (pieces: readonly Buffer[]) => ReadyAnswer,
): AsyncGenerator<Buffer, void> {
  let kept: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes <= MAX_KEPT_BYTES) kept.push(piece);
    else kept = [];
    yield piece;
  }
  if (bytes <= MAX_KEPT_BYTES) toReady(kept);
  yield Buffer.from(end);
}

function compress(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const gzip = createGzip();
  // Whoever reads meets its errors; whoever leaves early ends it, and with it the body.
  pipeline(Readable.from(body), gzip, () => undefined);
  return gzip;
}
