// Between `fetch` and the gateway's own request and response, for programs that embed the gateway, and for tests.

import { ReadableStream } from 'node:stream/web';

import { GatewayError } from '../errors.js';
import { isStream, type HttpRequest, type HttpResponse, type ResponseBody } from './http-message.js';

export function toFetch(handler: (request: HttpRequest) => Promise<HttpResponse>) {
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
    hasLeft: () => request.signal.aborted,
    async readBody(maxBytes) {
      const body = Buffer.from(await request.arrayBuffer());
      if (body.length > maxBytes) throw new GatewayError('REQUEST_ENTITY_TOO_LARGE');
      return body;
    },
  };
}

function toBodyInit(body: ResponseBody, onEnd: (() => void) | undefined): BodyInit {
  if (!isStream(body)) return Buffer.concat(body);
  // Node's own type and the global one are the same.
  return ReadableStream.from(endWith(body, onEnd)) as BodyInit;
}

async function* endWith(body: AsyncIterable<Buffer>, onEnd: (() => void) | undefined): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } finally {
    onEnd?.();
  }
}
