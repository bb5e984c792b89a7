// The lane over sockets: it reads the body of a request that it may answer, and hands back what it does not.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';

import type { HeadersByName } from '../../auth/authentication.js';
import { createCohorts } from '../../concurrency/tick-batch.js';
import type { KnownHeadResponse } from '../server/cached-head.js';
import type { HttpListener } from '../server/server.js';
import type { WholeRequest } from '../server/buffered-request.js';
import { lengthOfPlain, type Asked, type Given, type Lane } from './types.js';

/** A request whose body is there. */
interface Arrival {
  readonly asked: SocketAsked;
  readonly request: WholeRequest;
  readonly response: KnownHeadResponse;
}

/** A listener that has the lane answer what it can of the requests for `path`, and `listener` the others. */
export function withLane(lane: Lane, path: string, listener: RequestListener): HttpListener {
  const arrive = createCohorts<Arrival>(({ asked, request, response }) => {
    // A defect of ours, after which nothing of the answer has been sent: the client is not to wait for it.
    const giveUp = (): void => {
      response.destroy();
    };
    const end = (given: Given | undefined): void => {
      try {
        if (given === undefined) {
          request.putBack(asked.body);
          listener(request, response);
        } else send(response, given);
      } catch {
        giveUp();
      }
    };
    try {
      const given = lane(asked);
      if (!(given instanceof Promise)) {
        return () => {
          end(given);
        };
      }
      given.then(end, giveUp);
    } catch {
      giveUp();
    }
    return undefined;
  });
  return (request, response) => {
    const headers = toHeaders(request);
    const length = request.url === path ? lengthOfPlain(request.method, headers) : undefined;
    if (length === undefined) {
      listener(request, response);
      return;
    }
    request.takeBody(length, (body) => {
      arrive({ asked: new SocketAsked(request, response, headers, body), request, response });
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
  #leaving: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, headers: HeadersByName, body: Buffer) {
    this.#request = request;
    this.#response = response;
    this.headers = headers;
    this.body = body;
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get signal(): AbortSignal {
    return (this.#leaving ??= this.#follow()).signal;
  }

  hasLeft(): boolean {
    return this.#response.destroyed;
  }

  #follow(): AbortController {
    const leaving = new AbortController();
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
