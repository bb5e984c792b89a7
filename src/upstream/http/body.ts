// An answer's body, decoded and never longer than allowed. The bound counts decoded bytes: 48 kB of gzip can
// hold 50 MB.

import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';

import type { Clock } from '../../clock.js';
import { UpstreamError } from '../../errors.js';

/** What we ask the upstream for. */
export const ACCEPT_ENCODING = 'gzip, br';

const DECODERS = new Map<string, () => Readable & NodeJS.WritableStream>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['br', () => createBrotliDecompress()],
]);

export interface BodyBounds {
  readonly maxBytes: number;
  /** Told how long the body is by now; what it throws ends the reading. */
  readonly onGrow?: ((bytes: number) => void) | undefined;
  /** Where a body is put that is no longer than this. */
  readonly scratch?: Buffer | undefined;
}

/**
 * Reads the whole body, into blocks that are nobody else's, or into `scratch`.
 * @throws UpstreamError UPSTREAM_RESPONSE_TOO_LARGE, UPSTREAM_BAD_RESPONSE (a coding that is unknown or corrupt); the
 *   socket's own error where the connection breaks.
 */
export async function readBody(body: Readable, encoding: string | undefined, bounds: BodyBounds): Promise<Buffer[]> {
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return readChunks(body, bounds);
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
  return readChunks(decoder, bounds).catch((error: unknown) => {
    if (brokeOff || error instanceof UpstreamError) throw error;
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'corrupt content coding', retry: 'once' });
  });
}

/** Chunks are copied together so many bytes at a time: 70 MB in one go would hold up everybody else. */
const BLOCK_BYTES = 1_048_576;

function createBlocks(scratch: Buffer = NOTHING) {
  const blocks: Buffer[] = [];
  let chunks: Buffer[] = [];
  let bytes = 0;
  let isInScratch = true;
  const join = (): void => {
    blocks.push(Buffer.concat(chunks, bytes));
    chunks = [];
    bytes = 0;
  };
  return {
    add(chunk: Buffer): void {
      const before = bytes;
      bytes += chunk.length;
      if (isInScratch && bytes <= scratch.length) {
        chunk.copy(scratch, before);
        return;
      }
      if (isInScratch) chunks.push(scratch.subarray(0, before));
      isInScratch = false;
      chunks.push(chunk);
      if (bytes >= BLOCK_BYTES) join();
    },
    end(): Buffer[] {
      if (isInScratch) return bytes > 0 ? [scratch.subarray(0, bytes)] : [];
      if (bytes > 0) join();
      return blocks;
    },
  };
}

const NOTHING = Buffer.alloc(0);

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
      // Not by an iterator, which takes more than twice as long.
      for (let at = sample.length; at > 0;) {
        const byte = sample[(at -= 1)];
        if (byte === COMMA || byte === BRACE || byte === BRACKET) values += 1;
      }
    },
    isTooDense: () => bytes < values * MIN_BYTES_PER_VALUE,
  };
}

const [COMMA, BRACE, BRACKET] = Buffer.from(',{[');

async function readChunks(stream: Readable, { maxBytes, onGrow, scratch }: BodyBounds): Promise<Buffer[]> {
  const blocks = createBlocks(scratch);
  const density = createDensityMeter();
  let bytes = 0;
  await takeChunks(stream, (chunk) => {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'over the byte limit' });
    onGrow?.(bytes);
    // From the first byte on: the end of a chunk by itself may look like anything.
    density.add(chunk);
    if (bytes > HARMLESS_BYTES && density.isTooDense()) {
      throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'more values than a report has' });
    }
    blocks.add(chunk);
  });
  return blocks.end();
}

/**
 * Gives each chunk to `take`; what that throws ends it, and destroys the stream and with it the connection: nobody reads a
 * bomb to its end. By events, because a loop over the stream takes a small report a twentieth of its time.
 */
function takeChunks(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.on('close', () => {
      // Whoever closes it says why by an error before.
      if (!stream.readableEnded) reject(new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: 'closed before its end' }));
    });
    stream.on('data', (chunk: Buffer) => {
      try {
        take(chunk);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
  });
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
