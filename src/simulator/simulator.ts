// The embedded ScaleOps for the demo, tests and benchmarks: the real REST contract in front of an invented fleet. It shares
// no code with the gateway, so that both cannot make the same mistake, and it refuses what the vendor does not document.

import { once } from 'node:events';
import { createFleet, type Fleet } from './fleet.js';
import { createLogin, type LoginCounts } from './auth/login.js';
import type { ReceivedRequest } from './received-request.js';
import type { ReportFaults } from './selection.js';
import { createServer } from './server.js';
import { createOpaqueToken, createTokenStore, type TokenFormat } from './auth/tokens.js';

export interface SimulatorOptions {
  /** Size of the fleet, 50 to 100,000; 1,000 by default. The same size is the same fleet. */
  readonly workloads?: number;
  /** A bearer token that it accepts until it is revoked, without a login; random by default. */
  readonly token?: string;
  readonly login?: LoginOptions;
  /**
   * Epoch milliseconds; Date.now by default. The day of the first call is the first day of the simulator: what happens to
   * the company (history/events.ts) is dated from it.
   */
  readonly now?: () => number;
  /** Reports that answer something else than what was asked; none by default. */
  readonly faults?: ReportFaults;
  /** Awaited before a report is sent: a delay for the demo, a gate in tests. An error that it throws becomes a 500. */
  readonly latency?: (request: ReceivedRequest) => Promise<void> | void;
  /** Called for every request before it is checked; tests count with it. */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

interface LoginOptions {
  /** Passwords by username; demo's password is demo by default. */
  readonly users?: Readonly<Record<string, string>>;
  /** The tokens of logins: base64 text, or a JWT with `exp`. Opaque by default. */
  readonly tokenFormat?: TokenFormat;
  /** How long such a token is accepted; an hour by default. */
  readonly tokenLifetimeMs?: number;
}

export interface Simulator {
  /** The fixed token. */
  readonly token: string;
  /** All accepted tokens, the fixed one first. */
  readonly tokens: readonly string[];
  /** Login attempts so far; malformed ones (415, 400) are not counted. */
  readonly logins: LoginCounts;
  /** Makes this token, or every current token, get a 401. Later logins issue valid tokens again. */
  revoke(token?: string): void;
  /**
   * Listens on the loopback interface, on a free port by default. Resolves with the base URL, `http://127.0.0.1:41234`.
   * Rejects with the error of node:net, such as EADDRINUSE.
   */
  listen(port?: number): Promise<string>;
  /** Destroys all connections and waits until the port is free. */
  close(): Promise<void>;
}

const SMALLEST_FLEET = 50;
const LARGEST_FLEET = 100_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @throws RangeError when `workloads` is out of range. */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { workloads = 1000, token = createOpaqueToken(), now = Date.now, faults = {} } = options;
  if (!Number.isInteger(workloads) || workloads < SMALLEST_FLEET || workloads > LARGEST_FLEET) {
    throw new RangeError(`workloads is ${workloads}, not a whole number from ${SMALLEST_FLEET} to ${LARGEST_FLEET}`);
  }
  const { users = { demo: 'demo' }, tokenFormat = 'opaque', tokenLifetimeMs = HOUR_MS } = options.login ?? {};
  const tokens = createTokenStore(token, tokenFormat, tokenLifetimeMs, now);
  const login = createLogin(new Map(Object.entries(users)), tokens.issue);
  const firstDayMs = Math.floor(now() / DAY_MS) * DAY_MS;
  let fleet: Fleet | undefined;
  const server = createServer({
    login,
    tokens,
    host: () => ({ fleet: (fleet ??= createFleet(workloads)), nowMs: now(), firstDayMs, faults }),
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
