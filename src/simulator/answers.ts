// Writing an answer to a socket. An answer of one piece goes out whole, with its length; one of several is streamed as
// the socket takes it. Gzip at level 1 where the request allows it and there is something to win.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';

export interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  /** The body, in pieces; at least one. */
  readonly text: Iterator<string>;
}

const GZIP_ABOVE_BYTES = 1024;
const gzipText = promisify<Buffer, { level: number }, Buffer>(gzip);

/** An answer in the vendor's manner of saying no. */
export function errorAnswer(status: number, error: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers, text: [JSON.stringify({ error })].values() };
}

/** Resolves when the answer is handed over, or when the client has left. */
export async function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const mayGzip = acceptsGzip(request.headers['accept-encoding']);
  const first = Buffer.from(textOf(answer.text.next()));
  const second = answer.text.next();
  const headers = { 'content-type': 'application/json; charset=utf-8', vary: 'accept-encoding', ...answer.headers };
  if (second.done === true) {
    const isZipped = mayGzip && first.length > GZIP_ABOVE_BYTES;
    const body = isZipped ? await gzipText(first, { level: 1 }) : first;
    const encoding = isZipped ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(answer.status, { ...headers, ...encoding, 'content-length': body.length }).end(body);
    return;
  }
  response.writeHead(answer.status, mayGzip ? { ...headers, 'content-encoding': 'gzip' } : headers);
  const pieces = Readable.from(chain(first, second.value, answer.text));
  await (mayGzip ? pipeline(pieces, createGzip({ level: 1 }), response) : pipeline(pieces, response));
}

function* chain(first: Buffer, second: string, rest: Iterator<string>): Generator<Buffer | string, void> {
  yield first;
  yield second;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}

function textOf(result: IteratorResult<string>): string {
  return result.done === true ? '' : result.value;
}

function acceptsGzip(acceptEncoding: string | string[] | undefined): boolean {
  const codings = String(acceptEncoding ?? '').split(',');
  return codings.some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}
