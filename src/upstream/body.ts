// An answer's body, decoded and never longer than allowed. The bound counts decoded bytes: 48 kB of gzip can
// hold 50 MB.

import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';

import type { Clock } from '../clock.js';
import { UpstreamError } from '../errors.js';

/** What we ask the upstream for. */
export const ACCEPT_ENCODING = 'gzip, br';

const DECODERS = new Map<string, () => Readable & NodeJS.WritableStream>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['br', () => createBrotliDecompress()],
]);

/**
 * Reads the whole body.
 * @throws UpstreamError UPSTREAM_RESPONSE_TOO_LARGE, UPSTREAM_BAD_RESPONSE (a coding that is unknown or corrupt); the
 *   socket's own error where the connection breaks.
 */
export async function readBody(body: Readable, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return readChunks(body, maxBytes);
  const decoder = DECODERS.get(coding)?.();
  if (decoder === undefined) {
    // Destroying is an error to the body, and one that nobody listens for ends the process.
    body.once('error', () => undefined).destroy();
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'unknown content coding' });
  }
  // zlib names its errors differently by coding and by Node's version; who failed first says whose error it is.
  let brokeOff = false;
  body.once('error', () => (brokeOff = decoder.errored === null));
  // The callback only keeps pipeline's error from being thrown a second time: the reader below meets it too.
  pipeline(body, decoder, () => undefined);
  return readChunks(decoder, maxBytes).catch((error: unknown) => {
    if (brokeOff || error instanceof UpstreamError) throw error;
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'corrupt content coding', retry: 'once' });
  });
}

/** What is shorter cannot hold enough of anything to do harm. */
const HARMLESS_BYTES = 1_048_576;
/** A report has one value in about 20 bytes. A list of empty objects has more, and parsed takes 20 times its length. */
const MIN_BYTES_PER_VALUE = 8;

/** Counts the values of a JSON text in a sixteenth of it, which is enough to know a bomb. */
function createDensityMeter() {
  let bytes = 0;
  let values = 0;
  return {
    add(chunk: Buffer): void {
      const sample = chunk.subarray(0, Math.ceil(chunk.length / 16));
      bytes += sample.length;
      for (const byte of sample) if (byte === COMMA || byte === BRACE || byte === BRACKET) values += 1;
    },
    isTooDense: () => bytes < values * MIN_BYTES_PER_VALUE,
  };
}

const [COMMA, BRACE, BRACKET] = Buffer.from(',{[');

async function readChunks(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const density = createDensityMeter();
  let bytes = 0;
  // Leaving the loop early destroys the stream, and with it the connection: nobody reads a bomb to its end.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'over the byte limit' });
    density.add(chunk);
    if (bytes > HARMLESS_BYTES && density.isTooDense()) {
      throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'more values than a report has' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** What reading the rest of an answer may cost, to save a connection. The caller does not wait for it. */
const DISCARD_BYTES = 65_536;
const DISCARD_MS = 1_000;

/** Lets go of a body that nobody reads: its connection is kept when the rest is little and comes soon, else closed. */
export function discardBody(body: Dispatcher.ResponseData['body'], clock: Clock): void {
  const cancel = clock.after(DISCARD_MS, () => body.destroy());
  void body
    .dump({ limit: DISCARD_BYTES })
    .catch(() => undefined)
    .finally(cancel);
}
