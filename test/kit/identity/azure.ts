// Azure AD's client-credentials endpoint on a real socket, at least as strict as the real one: only a request exactly
// as documented gets a token. A test may hold its responses at a gate, and choose a fault for valid requests.
// Everything it sends besides a token contains canaries, which must never leak.

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { CANARY } from '../upstream/fault-server.js';
import { createGate } from '../time/gate.js';

export const TENANT = '7f0c1d5e-tenant';
export const CLIENT_ID = 'gateway-client';
/** Contains characters that a form body must escape. */
export const CLIENT_SECRET = `${CANARY}~secret+/=&%2B`;

export interface IdentityOptions {
  readonly tenant?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Seconds, sent as given: Azure has sent it as a number and as a string. 3599 by default. */
  readonly expiresIn?: number | string;
  /** The token of each response; `identity-token-1` and so on by default. */
  readonly issue?: () => string;
  /** Awaited before every response: a gate's `pass`. */
  readonly latency?: (request: IdentityRequest) => Promise<void> | void;
}

interface IdentityRequest {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Resolves when its response has been sent, or its connection is closed. */
  readonly closed: Promise<unknown>;
}

export interface Identity extends AsyncDisposable {
  /** The authority: the part before `/{tenant}/oauth2/token`. */
  readonly url: string;
  /** The requests, in order, whatever the response. */
  readonly requests: readonly IdentityRequest[];
  /** The issued tokens, in order. */
  readonly issued: readonly string[];
  /** Resolves when `count` requests have arrived since the start. */
  arrivals(count: number): Promise<void>;

  // Faults for later requests that would get a token; an invalid request still gets its error.

  /** An object is sent as JSON, a string unchanged, both with the content type of JSON. */
  fail(status: number, body?: object | string, headers?: OutgoingHttpHeaders): void;
  /** Never responds. */
  hang(): void;
  /** Resets the connection without a response. */
  reset(): void;
  /** To another path of this server by default, so that `requests` shows the follower; a 307 includes the secret. */
  redirect(status?: number, location?: string): void;
  /** A login page, with a 200. */
  html(): void;
  /** A valid response without its `access_token`. */
  omitToken(): void;
  /** Issues tokens again. */
  recover(): void;
}

type Respond = (response: ServerResponse) => void;

const SCOPE = 'https://graph.microsoft.com/.default';
const LOGIN_PAGE = `<!doctype html><html><body><form action="/${CANARY}-in-html">${CANARY}-in-html</form></body></html>`;

export async function startIdentity(options: IdentityOptions = {}): Promise<Identity> {
  const { expiresIn = 3599, latency, issue = () => `identity-token-${issued.length + 1}` } = options;
  const requests: IdentityRequest[] = [];
  const issued: string[] = [];
  const gate = createGate();
  const grant: Respond = (response) => {
    const token = issue();
    issued.push(token);
    sendJson(response, 200, { token_type: 'Bearer', expires_in: expiresIn, access_token: token });
  };
  let respond = grant;
  const server = createServer((request, response) => {
    const closed = new Promise((resolve) => response.once('close', resolve));
    const sendResponse = async (body: string): Promise<void> => {
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body, closed };
      // The fault is chosen when the request arrives, however long it is held.
      const settled = check(seen, options) ?? respond;
      requests.push(seen);
      void gate.pass();
      await latency?.(seen);
      settled(response);
    };
    // A client that disconnects in the middle has sent no request. An error in a hook of the test stays unhandled, so
    // vitest reports it.
    void readText(request).then(sendResponse, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    issued,
    arrivals: gate.arrivals,
    fail: (status, body = errorBody('server_error'), headers = {}) => {
      respond = (response) => {
        sendJson(response, status, body, headers);
      };
    },
    hang: () => (respond = () => undefined),
    reset: () => (respond = (response) => response.socket?.resetAndDestroy()),
    redirect: (status = 302, location = `${url}/${CANARY}-in-location`) => {
      respond = (response) => response.writeHead(status, { location, 'content-length': 0 }).end();
    },
    html: () => {
      respond = (response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(LOGIN_PAGE);
    },
    omitToken: () => {
      respond = (response) => {
        sendJson(response, 200, { token_type: 'Bearer', expires_in: expiresIn, id_token: `${CANARY}-in-body` });
      };
    },
    recover: () => (respond = grant),
    [Symbol.asyncDispose]: async () => {
      const stopped = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await stopped;
    },
  };
}

/** Undefined: it gets a token. */
function check({ method, path, headers, body }: IdentityRequest, options: IdentityOptions): Respond | undefined {
  const { tenant = TENANT, clientId = CLIENT_ID, clientSecret = CLIENT_SECRET } = options;
  const refuse =
    (status: number, error: string): Respond =>
    (response) => {
      sendJson(response, status, errorBody(error));
    };
  if (path.split('?')[0] !== `/${encodeURIComponent(tenant)}/oauth2/token`) return refuse(404, 'not_found');
  if (method !== 'POST') return refuse(405, 'invalid_request');
  const form = new URLSearchParams(body);
  const expected = { grant_type: 'client_credentials', client_id: clientId, scope: SCOPE };
  const secret = form.get('client_secret') ?? '';
  const isWellFormed =
    // A secret in the query string ends in logs, and a header would be a second way of authentication.
    !path.includes('?') &&
    headers.authorization === undefined &&
    /^application\/x-www-form-urlencoded(?:\s*;\s*charset=utf-8)?$/i.test(headers['content-type'] ?? '') &&
    form.size === 4 &&
    Object.entries(expected).every(([name, value]) => form.get(name) === value) &&
    secret !== '';
  if (!isWellFormed) return refuse(400, 'invalid_request');
  return secret === clientSecret ? undefined : refuse(401, 'invalid_client');
}

function errorBody(error: string): object {
  return { error, error_description: `${CANARY}-in-error-description`, trace_id: `${CANARY}-in-trace-id` };
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object | string,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(text);
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
