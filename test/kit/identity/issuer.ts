// An issuer of tokens on a real socket: it publishes its keys (JWKS), counts requests, and can rotate, withdraw and
// duplicate keys, fail, hang, redirect and send invalid data. Everything it sends besides keys contains canaries.

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { CANARY } from '../upstream/fault-server.js';
import { createGate } from '../time/gate.js';

export const ISSUER = 'https://issuer.test/realms/costs';
export const AUDIENCE = 'cost-gateway';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function createSigningKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** The claims of a valid token for a minute from `nowMs`; the given ones replace them, undefined removes one. */
export function claimsAt(nowMs: number, claims: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const now = Math.floor(nowMs / 1000);
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ann', iat: now, exp: now + 60, ...claims };
}

/** A token signed by this key, with any claims. */
export function signToken(key: SigningKey, claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

export interface Issuer extends AsyncDisposable {
  /** The URL of the keys. */
  readonly url: string;
  /** The requested paths, in order. */
  readonly requests: readonly string[];
  /** Resolves when `count` requests have arrived since the start. */
  arrivals(count: number): Promise<void>;
  /** Publishes exactly these keys from now on. */
  publish(...keys: readonly { readonly jwk: JWK }[]): void;
  fail(status?: number): void;
  /** Never responds. */
  hang(): void;
  redirect(location: string): void;
  /** A 200 response with this text. */
  respondWithText(text: string): void;
  /** Serves keys again. */
  recover(): void;
  /** Closes the port, or opens the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startIssuer(...keys: readonly SigningKey[]): Promise<Issuer> {
  const requests: string[] = [];
  const gate = createGate();
  let published: readonly { readonly jwk: JWK }[] = keys;
  const sendResponse = (response: ServerResponse): void => {
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  };
  let respond = sendResponse;
  const server = createServer((request: IncomingMessage, response) => {
    requests.push(request.url ?? '');
    respond(response);
    void gate.pass();
  });
  let port = 0;
  const start = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await start();
  return {
    url: `http://127.0.0.1:${port}/${CANARY}-keys?of=${CANARY}`,
    requests,
    arrivals: gate.arrivals,
    publish: (...given) => {
      published = given;
    },
    fail: (status = 500) => {
      respond = (response) => response.writeHead(status).end(`${CANARY}-in-body`);
    },
    hang: () => {
      respond = () => undefined;
    },
    redirect: (location) => {
      respond = (response) => response.writeHead(302, { location, 'x-canary': `${CANARY}-in-header` }).end();
    },
    respondWithText: (text) => {
      respond = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    },
    recover: () => {
      respond = sendResponse;
    },
    stop,
    start,
    [Symbol.asyncDispose]: stop,
  };
}
