// An answer's body as text, decoded and never longer than allowed. The bound counts decoded bytes: 48 kB of gzip can
// hold 50 MB.

import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, type Gunzip } from 'node:zlib';

import { UpstreamError } from '../errors.js';

/** What we ask the upstream for. */
export const ACCEPT_ENCODING = 'gzip, br';

const DECODERS: Readonly<Record<string, () => Readable & NodeJS.WritableStream>> = {
  gzip: (): Gunzip => createGunzip(),
  'x-gzip': (): Gunzip => createGunzip(),
  br: () => createBrotliDecompress(),
};

/**
 * Reads the whole body.
 * @throws UpstreamError UPSTREAM_RESPONSE_TOO_LARGE, UPSTREAM_BAD_RESPONSE (a coding that is unknown or corrupt); the
 *   socket's own error where the connection breaks.
 */
export async function readText(body: Readable, encoding: string | undefined, maxBytes: number): Promise<string> {
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return readChunks(body, maxBytes);
  const decoder = DECODERS[coding]?.();
  if (decoder === undefined) {
    body.destroy();
    throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'unknown content coding' });
  }
  // The callback only keeps pipeline's error from being thrown a second time: the reader below meets it too.
  pipeline(body, decoder, () => undefined);
  return readChunks(decoder, maxBytes).catch((error: unknown) => {
    // zlib's own codes start so; a socket's error comes through the pipeline as it is.
    if (String((error as { code?: unknown }).code).startsWith('Z_') || isBrotliError(error)) {
      throw new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'corrupt content coding' });
    }
    throw error;
  });
}

function isBrotliError(error: unknown): boolean {
  return (
    String((error as { code?: unknown }).code).includes('ERR_BROTLI') || (error as { errno?: unknown }).errno === -5
  );
}

async function readChunks(stream: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early destroys the stream, and with it the connection: nobody reads a bomb to its end.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'over the byte limit' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}
