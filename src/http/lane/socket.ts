// The lane over sockets: it reads the body of a request that it may answer, and hands back what it does not.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';

import type { HeadersByName } from '../../access/authentication.js';
import { CancellationSource, type Cancellation } from '../../flow/cancellation.js';
import type { KnownHeadResponse } from '../known-head.js';
import type { HttpListener } from '../server.js';
import { lengthOfPlain, type Asked, type Given, type Lane } from './asked.js';

/** A listener that has the lane answer what it can of the requests for `path`, and `listener` the others. */
export function withLane(lane: Lane, path: string, listener: RequestListener): HttpListener {
  return (request, response) => {
    const headers = toHeaders(request);
    const length = request.url === path ? lengthOfPlain(request.method, headers) : undefined;
    if (length === undefined) {
      listener(request, response);
      return;
    }
    request.takeBody(length, (body) => {
      const go = (given: Given | undefined): void => {
        if (given !== undefined) {
          send(response, given);
          return;
        }
        request.putBack(body);
        listener(request, response);
      };
      // A defect of ours, after which nothing of the answer has been sent: the client is not to wait for it.
      const giveUp = () => response.destroy();
      try {
        const given = lane(new SocketAsked(request, response, headers, body));
        if (given instanceof Promise) given.then(go).catch(giveUp);
        else go(given);
      } catch {
        giveUp();
      }
    });
  };
}

function toHeaders({ headers }: IncomingMessage): HeadersByName {
  return {
    get(name) {
      const value = headers[name];
      return value === undefined ? null : String(value);
    },
  };
}

/** A class, not an object with a getter: that would cost each request a third of what Node itself takes for it. */
class SocketAsked implements Asked {
  readonly headers: HeadersByName;
  readonly body: Buffer;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #leaving: CancellationSource | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, headers: HeadersByName, body: Buffer) {
    this.#request = request;
    this.#response = response;
    this.headers = headers;
    this.body = body;
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get signal(): Cancellation {
    return (this.#leaving ??= this.#follow());
  }

  hasLeft(): boolean {
    return this.#response.destroyed;
  }

  #follow(): CancellationSource {
    const leaving = new CancellationSource();
    const leave = (): void => {
      if (!this.#response.writableFinished) leaving.abort();
    };
    if (this.#response.destroyed) leave();
    else this.#response.once('close', leave);
    return leaving;
  }
}

function send(response: KnownHeadResponse, { head, requestId, body }: Given): void {
  response.beginWith(head, requestId);
  if (Symbol.asyncIterator in body) {
    // Who leaves early has nobody told, as everywhere.
    pipeline(Readable.from(body), response, () => undefined);
    return;
  }
  if (body.length > 1) response.cork();
  for (const piece of body.slice(0, -1)) response.write(piece);
  response.end(body.at(-1));
}
