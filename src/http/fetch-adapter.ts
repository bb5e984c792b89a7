// Adapts the gateway's own request and response to those of `fetch`, for programs that embed the gateway, and for tests.

import { Readable } from 'node:stream';

import type { HttpHandler } from './handler.js';
import { bodyTooLarge, isStream, type HttpRequest } from './http-message.js';

export function toFetch(handler: HttpHandler) {
  return async (request: Request): Promise<Response> => {
    const { status, headers: pairs, body, onEnd } = await handler(toHttpRequest(request));
    const headers = new Headers();
    for (let at = 0; at < pairs.length; at += 2) headers.append(pairs[at] ?? '', pairs[at + 1] ?? '');
    const isEmpty = status === 204 || status === 304 || request.method === 'HEAD';
    if (!isEmpty && isStream(body)) return new Response(toWebStream(body, onEnd), { status, headers });
    onEnd?.();
    return new Response(isEmpty || isStream(body) ? null : Buffer.concat(body), { status, headers });
  };
}

function toHttpRequest(request: Request): HttpRequest {
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    path: pathname,
    search,
    headers: request.headers,
    remoteAddress: undefined,
    signal: request.signal,
    isDisconnected: () => request.signal.aborted,
    async readBody(maxBytes) {
      const body = Buffer.from(await request.arrayBuffer());
      if (body.length > maxBytes) throw bodyTooLarge(maxBytes);
      return body;
    },
  };
}

function toWebStream(body: AsyncIterable<Buffer>, onEnd: () => void = () => undefined): ReadableStream {
  const stream = Readable.from(body).once('close', onEnd);
  return Readable.toWeb(stream, { strategy: { highWaterMark: 0 } }) as ReadableStream;
}
