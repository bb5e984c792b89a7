// The lane without a socket, for who hosts the gateway and for tests.

import { toBodyInit } from '../response/serialize.js';
import { lengthOfPlain, type Lane } from './types.js';

type Fetch = (request: Request) => Promise<Response>;

/** Has the lane answer what it can of the requests for `path`, and `fetch` the others. */
export function fetchOnLane(lane: Lane, path: string, fetch: Fetch): Fetch {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname !== path || search !== '') return fetch(request);
    const body = Buffer.from(await request.clone().arrayBuffer());
    const get = (name: string) => (name === 'content-length' ? String(body.length) : request.headers.get(name));
    if (lengthOfPlain(request.method, { get }) === undefined) return fetch(request);
    const { signal } = request;
    const given = await lane({
      headers: request.headers,
      body,
      remoteAddress: undefined,
      signal,
      hasLeft: () => signal.aborted,
    });
    if (given === undefined) return fetch(request);
    const { status, headers: pairs } = given.head;
    const headers = new Headers({ 'x-request-id': given.requestId });
    for (let at = 0; at < pairs.length; at += 2) headers.append(pairs[at] ?? '', pairs[at + 1] ?? '');
    return new Response(toBodyInit(given.body), { status, headers });
  };
}
