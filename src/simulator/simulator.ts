// The embedded ScaleOps for the demo, tests and benchmarks: the real REST contract in front of an invented fleet. It shares
// no code with the gateway, so that both cannot make the same mistake, and it refuses what the vendor does not document.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { createFleet, type Fleet } from './fleet.js';
import { createLogin } from './auth/login.js';
import type { ReceivedRequest } from './received-request.js';
import type { ReportFaults } from './selection.js';
import { createServer } from './server.js';
import { createOpaqueToken, createTokenStore, type TokenFormat } from './auth/tokens.js';

export interface SimulatorOptions {
  /** Size of the fleet, 50 to 100,000; 1,000 by default. The same size is the same fleet. */
  readonly workloads?: number;
  /** A bearer token that is valid until it is revoked, without a login; random by default. */
  readonly token?: string;
  readonly login?: LoginOptions;
  /**
   * Epoch milliseconds; Date.now by default. The day of the first call is the first day of the simulator, to which the
   * dates in history/events.ts are relative.
   */
  readonly now?: () => number;
  /** None by default. */
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

export type Simulator = ReturnType<typeof createSimulator>;

const MIN_WORKLOADS = 50;
const MAX_WORKLOADS = 100_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @throws RangeError when `workloads` is out of range. */
export function createSimulator(options: SimulatorOptions = {}) {
  const { workloads = 1000, token = createOpaqueToken(), now = Date.now, faults = {} } = options;
  if (!Number.isInteger(workloads) || workloads < MIN_WORKLOADS || workloads > MAX_WORKLOADS) {
    throw new RangeError(`workloads is ${workloads}, not a whole number from ${MIN_WORKLOADS} to ${MAX_WORKLOADS}`);
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
    /** The fixed token. */
    token,
    /** All accepted tokens, the fixed one first. */
    get tokens() {
      return tokens.live();
    },
    /** Login attempts so far; malformed ones (415, 400) are not counted. */
    get logins() {
      return login.counts();
    },
    /** Makes this token, or every current token, get a 401. Later logins issue valid tokens again. */
    revoke: tokens.revoke,
    /**
     * Listens on the loopback interface, on a free port by default. Resolves with the base URL, `http://127.0.0.1:41234`.
     * Rejects with the error of node:net, such as EADDRINUSE.
     */
    async listen(port = 0): Promise<string> {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    /** Destroys all connections and waits until the port is free. */
    async close(): Promise<void> {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
