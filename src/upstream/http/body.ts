// Reads the body of a response, decoded, up to a limit. The limit counts decoded bytes: 48 kB of gzip can hold 50 MB.

import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';

/** The content codings that the gateway accepts from ScaleOps. */
export const ACCEPT_ENCODING = 'gzip, br';

const DECODERS = new Map<string, () => Readable & NodeJS.WritableStream>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['br', () => createBrotliDecompress()],
]);

interface BodyLimits {
  readonly maxBytes: number;
  /** Called with the length so far. While the returned promise is pending, the socket is not read. */
  readonly beforeNextChunk?: (totalBytes: number) => Promise<unknown> | undefined;
}

/**
 * Reads the whole body, into blocks with memory of their own.
 * @throws UpstreamError UPSTREAM_RESPONSE_TOO_LARGE, UPSTREAM_BAD_RESPONSE (unknown or corrupt coding); the socket's own
 *   error when the connection breaks.
 */
export async function readBody(body: Readable, encoding: string | undefined, limits: BodyLimits): Promise<Buffer[]> {
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return readChunks(body, limits);
  const decoder = DECODERS.get(coding)?.();
  if (decoder === undefined) {
    // Destroying the body makes it emit an error, which would end the process without a listener.
    body.once('error', () => undefined).destroy();
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'unknown content coding' });
  }
  // The names of zlib's errors vary, so the stream that failed first shows whether the coding is corrupt.
  let isBodyBroken = false;
  body.once('error', () => (isBodyBroken = decoder.errored === null));
  // With a callback, pipeline does not throw the error a second time: readChunks gets it too.
  pipeline(body, decoder, () => undefined);
  return readChunks(decoder, limits).catch((error: unknown) => {
    if (isBodyBroken || error instanceof UpstreamError) throw error;
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'corrupt content coding', retry: 'once' });
  });
}

/** Chunks are joined in blocks of this size: joining 70 MB at once would block the event loop. */
const BLOCK_BYTES = 1_048_576;

/** A shorter body cannot contain enough values to do harm. */
const MIN_BYTES_TO_CHECK = 1_048_576;
/** A report has a value every 20 bytes or so. A list of empty objects has more, and takes 20 times its length parsed. */
const MIN_BYTES_PER_VALUE = 8;

/** Estimates the number of JSON values from a sixteenth of the text, which is enough to recognize a bomb. */
function createDensityMeter() {
  let bytes = 0;
  let values = 0;
  return {
    add(chunk: Buffer): void {
      const sample = chunk.subarray(0, Math.ceil(chunk.length / 16));
      bytes += sample.length;
      // An iterator takes more than twice as long.
      for (let at = sample.length; at > 0;) {
        const byte = sample[(at -= 1)];
        if (byte === COMMA || byte === BRACE || byte === BRACKET) values += 1;
      }
    },
    isSuspiciouslyDense: () => bytes < values * MIN_BYTES_PER_VALUE,
  };
}

const [COMMA, BRACE, BRACKET] = Buffer.from(',{[');

/** An error destroys the stream and its connection, so that a bomb is not read to its end. */
async function readChunks(stream: Readable, { maxBytes, beforeNextChunk }: BodyLimits): Promise<Buffer[]> {
  const blocks: Buffer[] = [];
  let chunks: Buffer[] = [];
  const density = createDensityMeter();
  let bytes = 0;
  let joinedBytes = 0;
  const join = (): void => {
    blocks.push(Buffer.concat(chunks));
    chunks = [];
    joinedBytes = bytes;
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'over the byte limit' });
    // From the first byte on: a later part alone may be unusual.
    density.add(chunk);
    if (bytes > MIN_BYTES_TO_CHECK && density.isSuspiciouslyDense()) {
      throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'more values than a report has' });
    }
    chunks.push(chunk);
    if (bytes - joinedBytes >= BLOCK_BYTES) join();
    await beforeNextChunk?.(bytes);
  }
  if (bytes > joinedBytes) join();
  return blocks;
}

/** How much of an unneeded body is read to keep its connection, and for how long. */
const DRAIN_BYTES = 65_536;
const DRAIN_MS = 1_000;

/** Discards a body. Keeps the connection if the rest of the body is short and arrives soon, else closes it. */
export function drainOrClose(body: Dispatcher.ResponseData['body'], clock: Clock): void {
  const cancel = clock.after(DRAIN_MS, () => body.destroy());
  void body
    .dump({ limit: DRAIN_BYTES })
    .catch(() => undefined)
    .finally(cancel);
}
