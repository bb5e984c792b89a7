// Between `fetch` and the gateway's own request and response, for programs that embed the gateway, and for tests.

import type { HttpHandler } from './handler.js';
import { bodyTooLarge, isStream, type HttpRequest, type ResponseBody } from './http-message.js';

export function toFetch(handler: HttpHandler) {
  return async (request: Request): Promise<Response> => {
    const { status, headers: pairs, body, onEnd } = await handler(toHttpRequest(request));
    const headers = new Headers();
    for (let at = 0; at < pairs.length; at += 2) headers.append(pairs[at] ?? '', pairs[at + 1] ?? '');
    const isEmpty = status === 204 || status === 304 || request.method === 'HEAD';
    if (isEmpty || !isStream(body)) onEnd?.();
    return new Response(isEmpty ? null : toBodyInit(body, onEnd), { status, headers });
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

function toBodyInit(body: ResponseBody, onEnd: (() => void) | undefined): BodyInit {
  if (!isStream(body)) return Buffer.concat(body);
  const iterator = body[Symbol.asyncIterator]();
  const source: UnderlyingDefaultSource<Buffer> = {
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done !== true) {
          controller.enqueue(next.value);
          return;
        }
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      onEnd?.();
    },
    async cancel() {
      // A generator that was never read has nothing to end, and nothing that would call onEnd.
      await iterator.return?.();
      onEnd?.();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
