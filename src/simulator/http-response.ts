// Writes a response to a socket. A response of one chunk has a content length; several chunks are streamed with
// backpressure. Gzip at level 1 where the request accepts it and the body is large enough.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';

export interface SimulatedResponse {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  /** The body as at least one chunk. */
  readonly text: IterableIterator<string>;
}

const GZIP_ABOVE_BYTES = 1024;
const gzipText = promisify<Buffer, { level: number }, Buffer>(gzip);

/** An error in the vendor's form. */
export function errorResponse(status: number, error: string, headers: OutgoingHttpHeaders = {}): SimulatedResponse {
  return { status, headers, text: [JSON.stringify({ error })].values() };
}

/** Resolves when the response is handed over to the socket. Rejects when the client closes the connection. */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  simulated: SimulatedResponse,
): Promise<void> {
  const mayGzip = acceptsGzip(request.headers['accept-encoding']);
  const first = Buffer.from(String(simulated.text.next().value));
  const second = simulated.text.next();
  const headers = { 'content-type': 'application/json; charset=utf-8', vary: 'accept-encoding', ...simulated.headers };
  if (second.done === true) {
    const isZipped = mayGzip && first.length > GZIP_ABOVE_BYTES;
    const body = isZipped ? await gzipText(first, { level: 1 }) : first;
    const encoding = isZipped ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(simulated.status, { ...headers, ...encoding, 'content-length': body.length }).end(body);
    return;
  }
  response.writeHead(simulated.status, mayGzip ? { ...headers, 'content-encoding': 'gzip' } : headers);
  const chunks = Readable.from(chain(first, second.value, simulated.text));
  await (mayGzip ? pipeline(chunks, createGzip({ level: 1 }), response) : pipeline(chunks, response));
}

function* chain(first: Buffer, second: string, rest: Iterable<string>): Generator<Buffer | string, void> {
  yield first;
  yield second;
  yield* rest;
}

function acceptsGzip(acceptEncoding: string | string[] | undefined): boolean {
  const codings = String(acceptEncoding ?? '').split(',');
  return codings.some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}
