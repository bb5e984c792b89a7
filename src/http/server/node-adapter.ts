// Adapts the request and response of Node's HTTP server to the gateway's own.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';

import type { HeadersByName } from '../../auth/authentication.js';
import type { HttpHandler } from '../handler.js';
import { bodyTooLarge, isStream, type HttpRequest, type HttpResponse } from '../http-message.js';
import { createAbortController } from '../../concurrency/abort.js';

/** A defect of `handler` or of a response ends the connection; the process logs it as an unhandled rejection. */
export function toListener(handler: HttpHandler): RequestListener {
  return (message, response) => {
    void handler(new NodeRequest(message, response))
      .then((content) => {
        send(response, content, message.method === 'HEAD');
      })
      .catch((error: unknown) => {
        response.destroy();
        throw error;
      });
  };
}

/** A class, for its getters: the signal is created on first use. */
class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: HeadersByName;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;

  constructor(message: IncomingMessage, response: ServerResponse) {
    const url = message.url ?? '/';
    const queryAt = url.indexOf('?');
    this.method = message.method ?? 'GET';
    this.path = queryAt < 0 ? url : url.slice(0, queryAt);
    this.search = queryAt < 0 ? '' : url.slice(queryAt);
    this.headers = {
      get(name) {
        const value = message.headers[name];
        return value === undefined ? null : String(value);
      },
    };
    this.#message = message;
    this.#response = response;
  }

  get remoteAddress(): string | undefined {
    return this.#message.socket.remoteAddress;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#watchClient()).signal;
  }

  isDisconnected(): boolean {
    return this.#response.destroyed;
  }

  readBody(maxBytes: number): Promise<Buffer> {
    return readBody(this.#message, maxBytes);
  }

  #watchClient(): AbortController {
    const controller = createAbortController();
    const onClose = (): void => {
      if (!this.#response.writableFinished) controller.abort();
    };
    if (this.#response.destroyed) onClose();
    else this.#response.once('close', onClose);
    return controller;
  }
}

/** Rejects when the body is too long or the client leaves. The server's `requestTimeout` ends a slow body. */
function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(message.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
    const chunks: Buffer[] = [];
    let length = 0;
    message
      .on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= maxBytes) chunks.push(chunk);
        else reject(bodyTooLarge(maxBytes));
      })
      .on('end', () => {
        resolve(Buffer.concat(chunks));
      })
      .on('error', reject);
  });
}

function send(response: ServerResponse, { status, headers, body, onEnd }: HttpResponse, isHead: boolean): void {
  // The client has left, and `close` was emitted.
  if (response.destroyed) {
    onEnd?.();
    return;
  }
  if (onEnd !== undefined) response.once('close', onEnd);
  response.writeHead(status, headers as string[]);
  if (isHead) response.end();
  else if (isStream(body)) {
    // A client that leaves early ends the source; that is no defect.
    pipeline(Readable.from(body), response, () => undefined);
  } else {
    response.cork();
    for (const chunk of body) response.write(chunk);
    response.end();
  }
}
