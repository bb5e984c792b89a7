// Reads HTTP responses from a raw connection, for tests that send bytes that no client would send.

import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/**
 * Sends bytes and returns the response bytes until the server closes. Half-closes the connection after sending, which ends
 * a truncated request, unless the connection is kept open.
 */
export async function exchange(port: number, bytes: string | Uint8Array, ending?: 'keep open'): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1' });
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  const isClosed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  // A server that refuses a request need not read the rest of it.
  socket.on('error', () => undefined);
  if (ending === 'keep open') socket.write(bytes);
  else socket.end(bytes);
  await isClosed;
  return Buffer.concat(pieces);
}

/** @throws Error when the bytes are no sequence of complete responses. A response to HEAD has no body. */
export function parseResponses(bytes: Buffer): HttpResponse[] {
  const responses: HttpResponse[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`half a response: ${rest.toString('latin1')}`);
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1]);
    if (!(status >= 100)) throw new Error(`no status line: ${first}`);
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    rest = rest.subarray(end + 4);
    if (status < 200) continue;
    const hasNoBody =
      rest.length === 0 || rest.subarray(0, 9).toString() === 'HTTP/1.1 ' || status === 204 || status === 304;
    const body = hasNoBody ? { text: Buffer.alloc(0), rest } : readBody(headers, rest);
    responses.push({ status, headers, text: toText(body.text, headers.get('content-encoding')) });
    rest = body.rest;
  }
  return responses;
}

/** Clients that accept gzip may get it. */
export function toText(body: Buffer, coding: string | null | undefined): string {
  return (coding === 'gzip' && body.length > 0 ? gunzipSync(body) : body).toString('utf8');
}

function readBody(
  headers: ReadonlyMap<string, string>,
  bytes: Buffer,
): { readonly text: Buffer; readonly rest: Buffer } {
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(bytes);
  const length = headers.get('content-length');
  // Without either it lasts until the server closes.
  if (length === undefined) return { text: bytes, rest: Buffer.alloc(0) };
  if (bytes.length < Number(length)) throw new Error(`a response of ${length} bytes has ${bytes.length}`);
  return { text: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function readChunks(bytes: Buffer): { readonly text: Buffer; readonly rest: Buffer } {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) throw new Error('a response ends within its chunks');
    const start = lineEnd + 2;
    if (size === 0) return { text: Buffer.concat(pieces), rest: bytes.subarray(start + 2) };
    pieces.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
