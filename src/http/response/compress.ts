// Compresses response bodies of 1 KiB and more (RFC 9110, section 8.4).

import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';

import { byteLength, isStream, type ResponseBody } from '../http-message.js';
import type { Encoding } from './format.js';

/** Shorter bodies gain nothing. */
const MIN_BYTES = 1_024;

/** Fast rather than small: a response that is sent once must not cost more to compress than to compute. */
const ONCE = { gzip: 1, br: 1 };
/** A cached response is sent many times. */
const CACHED = { gzip: 6, br: 5 };

export interface EncodedBody {
  readonly encoding: Encoding;
  readonly body: ResponseBody;
}

/** The best of the encodings that the client prefers equally: Brotli is smaller and slower, so it is for cached responses. */
export function chooseEncoding(encodings: readonly Encoding[], isCached: boolean): Encoding {
  const preferred: readonly Encoding[] = isCached ? ['br', 'gzip', 'identity'] : ['gzip', 'br', 'identity'];
  return preferred.find((encoding) => encodings.includes(encoding)) ?? 'identity';
}

/** Compresses a body that is sent once, or a stream. @param encodings those that the client prefers. */
export async function compressBody(body: ResponseBody, encodings: readonly Encoding[]): Promise<EncodedBody> {
  const encoding = chooseEncoding(encodings, false);
  if (!isStream(body)) return compress(body, encoding, ONCE);
  return { encoding, body: encoding === 'identity' ? body : compressStream(body, encoding) };
}

/** Compresses a body that is cached. */
export function compressForCache(body: Buffer, encoding: Encoding) {
  return compress([body], encoding, CACHED);
}

const compressors = {
  gzip: promisify<Buffer, object, Buffer>(gzip),
  br: promisify<Buffer, object, Buffer>(brotliCompress),
};

async function compress(chunks: readonly Buffer[], encoding: Encoding, levels: typeof ONCE) {
  const length = byteLength(chunks);
  if (encoding === 'identity' || length < MIN_BYTES) return { encoding: 'identity' as const, body: chunks };
  const options = toOptions(encoding, levels, length);
  return { encoding, body: [await compressors[encoding](Buffer.concat(chunks), options)] };
}

function compressStream(body: AsyncIterable<Buffer>, encoding: 'gzip' | 'br'): AsyncIterable<Buffer> {
  const options = toOptions(encoding, ONCE);
  const stream = encoding === 'gzip' ? createGzip(options) : createBrotliCompress(options);
  // Errors reach the reader of `stream`; a reader that stops early destroys it, and with it the source.
  pipeline(Readable.from(body), stream, () => undefined);
  return stream;
}

function toOptions(encoding: 'gzip' | 'br', levels: typeof ONCE, byteLength = 0) {
  if (encoding === 'gzip') return { level: levels.gzip };
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: levels.br,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: byteLength,
    },
  };
}
