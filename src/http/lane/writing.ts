// Writes what came of an operation: its text up to the end, which tells how old it is, and that end.

import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { ExecutionResult } from 'graphql';

import type { WrittenList } from '../../context.js';
import { toBody, writeOpening } from '../answer-text.js';
import type { AnswerFreshness } from '../freshness.js';
import type { ReadyAnswer } from './ready-answer.js';
import type { Answered, Reply } from './reply.js';

export interface WrittenResult {
  readonly result: ExecutionResult;
  readonly freshness: AnswerFreshness | undefined;
  readonly lists: readonly WrittenList[];
}

/** Shorter answers gain nothing. */
const MIN_GZIP_BYTES = 1_024;
/** Longer answers are not kept: they are many reports' worth. */
const MAX_KEPT_BYTES = 16_777_216;

/** An answer with data. `toReady` is told the pieces of all but its end, as soon as they are there. */
export function writeAnswer(
  { result, freshness, lists }: WrittenResult,
  { isGzip }: Reply,
  toReady: (pieces: readonly Buffer[]) => ReadyAnswer,
): Answered | Promise<Answered> {
  const body = toBody(writeOpening(result, lists));
  // What has errors nobody may keep, also where it tells how old the rest is.
  const keptFor = result.errors === undefined ? freshness : undefined;
  if (!(Symbol.asyncIterator in body)) return giveReady(toReady(body), isGzip, { end: toEnd(freshness), keptFor });
  const whole = collect(body, toEnd(freshness), toReady);
  return { status: 200, freshness: keptFor, isGzip, body: isGzip ? compress(whole) : whole };
}

/** A whole answer, as the client wants it. */
export function giveReady(
  ready: ReadyAnswer,
  isGzip: boolean,
  { end, keptFor: freshness }: { readonly end: string; readonly keptFor: AnswerFreshness | undefined },
): Answered | Promise<Answered> {
  if (!isGzip || ready.byteLength < MIN_GZIP_BYTES) return { status: 200, freshness, body: ready.plain(end) };
  return ready.gzip(end).then((body) => ({ status: 200, freshness, isGzip, body }));
}

/** An answer without data. */
export function toRefusal(result: ExecutionResult): Answered {
  const { status = 200, headers } = (result.errors?.[0]?.extensions.http ?? {}) as Partial<Answered>;
  return { status, headers, body: [...writeOpening(result, []), Buffer.from('}')] };
}

/** What ends the text of an answer. */
export function toEnd(freshness: AnswerFreshness | undefined): string {
  return freshness === undefined ? '}' : `,"extensions":${JSON.stringify({ freshness })}}`;
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
