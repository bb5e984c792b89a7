// A gateway that obtains tokens, and a ScaleOps that issues them and accepts issued tokens until they are revoked. Every
// secret contains a canary, which must not appear in any output.

import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';

import { createManualClock, type ManualClock } from '../time/clock.js';
import * as faults from '../upstream/fault-server.js';
import { CANARY, startFaultServer, type Fault, type FaultServer, type SeenRequest } from '../upstream/fault-server.js';
import { NO_TIMER, startGateway, type GraphqlResponse, type TestGateway } from '../gateway.js';

export const LOGIN = {
  SCALEOPS_AUTH: 'login',
  SCALEOPS_USERNAME: `${CANARY}-user@example.com`,
  SCALEOPS_PASSWORD: `${CANARY} "pass" & wörd+%2B`,
};
const LOGIN_PATH = '/auth/callback';
const REPORT_PATH = '/detailedCostReport/getWorkloads';

/** Operations about different reports. */
export function query(about = 0): string {
  return `{ workloadCosts(filter: { namespaces: { names: ["n${about}"] } }) { isStale rows { nodes { workloadName } } } }`;
}

export interface Fixture extends AsyncDisposable {
  readonly upstream: FaultServer;
  readonly gateway: TestGateway;
  readonly clock: ManualClock;
  /** The tokens that are accepted for reports. */
  readonly live: Set<string>;
  /** The fault or response of a login: a new token by default. */
  login: Fault;
  /** The fault or response of a request for a report with an accepted token. */
  report: Fault;
  readonly logins: readonly SeenRequest[];
  /** The token of each request for a report, in order. */
  readonly sent: readonly string[];
  send(about?: number, init?: RequestInit): Promise<GraphqlResponse>;
  /** Sends `count` concurrent requests for new, different reports. */
  sendNew(count: number): Promise<GraphqlResponse[]>;
  /** Resolves when nothing with a deadline is pending, in the background either. */
  whenIdle(): Promise<void>;
}

export interface FixtureOptions {
  readonly env?: Record<string, string>;
  readonly clock?: ManualClock;
  /** The tokens that logins issue. */
  readonly issue?: (count: number) => string;
}

export async function startFixture({
  env = LOGIN,
  clock = createManualClock(),
  issue = (count) => `${CANARY}-token-${count}`,
}: FixtureOptions = {}): Promise<Fixture> {
  const upstream = await startFaultServer();
  const at = (path: string): SeenRequest[] =>
    upstream.requests.filter((request) => request.path.split('?')[0]!.endsWith(path));
  const live = new Set<string>();
  const responses: GraphqlResponse[] = [];
  // One attempt: a test of retries has to move the clock.
  const gateway = startGateway(
    upstream.url,
    { ...NO_TIMER, SCALEOPS_MAX_ATTEMPTS: '1', CACHE_STALE_SECONDS: '0', ...env },
    clock,
  );
  let issued = 0;
  let requested = 1_000;
  const fixture: Fixture = {
    upstream,
    gateway,
    clock,
    live,
    login: (socket) => {
      issued += 1;
      live.add(issue(issued));
      redirectWithToken(issue(issued))(socket);
    },
    report: (socket) => {
      faults.json(faults.goodReport(`report ${fixture.sent.length}`))(socket);
    },
    get logins() {
      return at(LOGIN_PATH);
    },
    get sent() {
      return at(REPORT_PATH).map(tokenOf);
    },
    async send(about, init) {
      const response = await gateway.send(query(about), undefined, init);
      responses.push(response);
      return response;
    },
    sendNew: (count) => Promise.all(Array.from({ length: count }, () => fixture.send((requested += 1)))),
    whenIdle: () => until(() => clock.pending() === 0),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      expectNothingLeaks(gateway, responses, [upstream.port]);
    },
  };
  upstream.respond(LOGIN_PATH, (socket) => {
    fixture.login(socket);
  });
  upstream.respond(REPORT_PATH, (socket) => {
    const isTaken = live.has(tokenOf(upstream.requests.at(-1)!));
    (isTaken ? fixture.report : faults.status(401))(socket);
  });
  return fixture;
}

function tokenOf({ headers }: SeenRequest): string {
  const authorization = headers.authorization ?? '';
  expect(authorization).toMatch(/^Bearer /);
  return authorization.slice('Bearer '.length);
}

/** The redirect of a successful login. */
function redirectWithToken(token: string): Fault {
  return faults.redirect(`/?token=${encodeURIComponent(token)}`);
}

/** Turns the event loop until the condition holds: no time passes, only pending work completes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
  await setImmediate();
}

/** No secret and no address of the upstream in any response, header or log line down to "trace". */
export function expectNothingLeaks(
  { log }: Pick<TestGateway, 'log'>,
  responses: readonly Pick<GraphqlResponse, 'text' | 'headers'>[],
  ports: readonly number[],
): void {
  const output = [...responses.flatMap(({ text, headers }) => [text, ...[...headers].flat()]), JSON.stringify(log)];
  for (const text of output) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('127.0.0.1');
    for (const port of ports) expect(text).not.toMatch(new RegExp(`(?<!\\w)${port}(?!\\w)`));
  }
  // No defect either.
  expect(log.filter(({ level }) => Number(level) > 40)).toEqual([]);
}

/** One error of one field, without a report. */
export function expectRefused(response: GraphqlResponse, code: string, hint?: string): void {
  expect(response.status).toBe(200);
  expect(response.data).toEqual({ workloadCosts: null });
  expect(response.errors.map(({ extensions }) => extensions.code)).toEqual([code]);
  if (hint !== undefined) expect(response.errors[0]!.message).toContain(hint);
}

/** The name in the only row of a report. */
export function nameIn(response: GraphqlResponse): string {
  expect(response.errors).toEqual([]);
  return (response.data as { workloadCosts: { rows: { nodes: { workloadName: string }[] } } }).workloadCosts.rows
    .nodes[0]!.workloadName;
}
