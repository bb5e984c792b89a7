// The embedded ScaleOps: the real REST contract over HTTP in front of an invented fleet, for the demo, tests and
// benchmarks. It shares no code with the gateway, so that the two cannot agree on the same mistake, and it is stricter
// than a real host: what the vendor's page does not document, it refuses.

import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createFleet, type Fleet } from './fleet.js';
import { createLogin, type LoginCounts } from './login.js';
import { createServer } from './server.js';
import { createOpaqueToken, createTokenStore, type TokenFormat } from './tokens.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON; the text where it is not JSON; undefined where there is none. */
  readonly body: unknown;
}

export interface SimulatorOptions {
  /** Size of the fleet, 50 to 100,000; 1,000 by default. The same size is the same fleet. */
  readonly workloads?: number;
  /** A bearer token that it accepts until it is revoked, without a login; random by default. */
  readonly token?: string;
  /** For the login; demo and demo by default. */
  readonly username?: string;
  readonly password?: string;
  /** Passwords by username, of users besides that one. */
  readonly users?: Readonly<Record<string, string>>;
  /** What a login gives: base64 text, or a JWT that says when it expires. Opaque by default. */
  readonly tokenFormat?: TokenFormat;
  /** How long the token of a login is accepted; an hour by default. */
  readonly tokenLifetimeMs?: number;
  /** Epoch milliseconds; Date.now by default. */
  readonly now?: () => number;
  /** Awaited before a report is answered: a delay for the demo, a gate in tests. What it throws is a 500. */
  readonly latency?: (request: ReceivedRequest) => Promise<void> | void;
  /** Told of every request that arrives, before it is checked: tests count with it. */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

export interface Simulator {
  /** The fixed one. */
  readonly token: string;
  /** All that are accepted now, the fixed one first. */
  readonly tokens: readonly string[];
  /** The login attempts so far; what was no login at all (415, 400) is not among them. */
  readonly logins: LoginCounts;
  /** From now on this token, or every token there is, is answered 401. Later logins give good ones again. */
  revoke(token?: string): void;
  /**
   * Listens on the loopback interface; without a port on a free one. Gives the base URL, `http://127.0.0.1:41234`.
   * Fails as node:net does, when the port is taken for example.
   */
  listen(port?: number): Promise<string>;
  /** Cuts what is open and waits until the port is free. */
  close(): Promise<void>;
}

const SMALLEST_FLEET = 50;
const LARGEST_FLEET = 100_000;
const HOUR_MS = 3_600_000;

/** Throws RangeError when the fleet is to be smaller or larger than it can be. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { workloads = 1000, username = 'demo', password = 'demo', now = Date.now } = options;
  if (!Number.isInteger(workloads) || workloads < SMALLEST_FLEET || workloads > LARGEST_FLEET) {
    throw new RangeError(`workloads is ${workloads}, not a whole number from ${SMALLEST_FLEET} to ${LARGEST_FLEET}`);
  }
  const { token = createOpaqueToken(), tokenFormat = 'opaque', tokenLifetimeMs = HOUR_MS } = options;
  const tokens = createTokenStore({ fixed: token, format: tokenFormat, lifetimeMs: tokenLifetimeMs, now });
  const login = createLogin(new Map([[username, password], ...Object.entries(options.users ?? {})]), tokens.issue);
  let fleet: Fleet | undefined;
  const server = createServer({
    login,
    tokens,
    fleet: () => (fleet ??= createFleet(workloads)),
    now,
    latency: options.latency ?? (() => undefined),
    onRequest: options.onRequest ?? (() => undefined),
  });

  return {
    token,
    get tokens() {
      return tokens.live();
    },
    get logins() {
      return login.counts();
    },
    revoke: tokens.revoke,
    async listen(port = 0) {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('the simulator listens on no port');
      return `http://127.0.0.1:${address.port}`;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
