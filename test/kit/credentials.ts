// A gateway that has to come by its tokens, and a ScaleOps that gives them: it lets in who it gave a token to and did not
// take it back. Every secret has a canary in it, and when a stand is put away none may have come out.

import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';

import { createManualClock, type ManualClock } from './clock.js';
import * as faults from './fault-server.js';
import { CANARY, startFaultServer, type Fault, type FaultServer, type SeenRequest } from './fault-server.js';
import { NO_TIMER, startGateway, type Answer, type TestGateway } from './gateway.js';

export const LOGIN = {
  SCALEOPS_AUTH: 'login',
  SCALEOPS_USERNAME: `${CANARY}-user@example.com`,
  SCALEOPS_PASSWORD: `${CANARY} "pass" & wörd+%2B`,
};
export const LOGIN_PATH = '/auth/callback';
const REPORT_PATH = '/detailedCostReport/getWorkloads';

/** Operations that are about different reports. */
export function question(about = 0): string {
  return `{ workloadCosts(filter: { namespaces: { names: ["n${about}"] } }) { isStale rows { nodes { workloadName } } } }`;
}

export interface Stand extends AsyncDisposable {
  readonly upstream: FaultServer;
  readonly gateway: TestGateway;
  readonly clock: ManualClock;
  /** The tokens that the reports take. */
  readonly live: Set<string>;
  /** What is done to a login: a new token by default. */
  login: Fault;
  /** What is done to a request for a report whose token is taken. */
  report: Fault;
  readonly logins: readonly SeenRequest[];
  /** The token of each request for a report, in order. */
  readonly sent: readonly string[];
  ask(about?: number, init?: RequestInit): Promise<Answer>;
  /** So many different questions at the same time, that nobody has asked before. */
  askNew(count: number): Promise<Answer[]>;
  /** Resolves when nothing that has a deadline is under way, in the background neither. */
  quiet(): Promise<void>;
}

export interface StandOptions {
  readonly env?: Record<string, string>;
  readonly clock?: ManualClock;
  /** The tokens that logins give. */
  readonly issue?: (count: number) => string;
}

export async function startStand({
  env = LOGIN,
  clock = createManualClock(),
  issue = (count) => `${CANARY}-token-${count}`,
}: StandOptions = {}): Promise<Stand> {
  const upstream = await startFaultServer();
  const at = (path: string): SeenRequest[] =>
    upstream.requests.filter((request) => request.path.split('?')[0]!.endsWith(path));
  const live = new Set<string>();
  const answers: Answer[] = [];
  // One attempt: a test that wants more has to move the clock.
  const gateway = startGateway(
    upstream.url,
    { ...NO_TIMER, SCALEOPS_MAX_ATTEMPTS: '1', CACHE_STALE_SECONDS: '0', ...env },
    clock,
  );
  let issued = 0;
  let asked = 1_000;
  const stand: Stand = {
    upstream,
    gateway,
    clock,
    live,
    login: (socket) => {
      issued += 1;
      live.add(issue(issued));
      giveToken(issue(issued))(socket);
    },
    report: (socket) => {
      faults.json(faults.goodReport(`report ${stand.sent.length}`))(socket);
    },
    get logins() {
      return at(LOGIN_PATH);
    },
    get sent() {
      return at(REPORT_PATH).map(tokenOf);
    },
    async ask(about, init) {
      const answer = await gateway.ask(question(about), undefined, init);
      answers.push(answer);
      return answer;
    },
    askNew: (count) => Promise.all(Array.from({ length: count }, () => stand.ask((asked += 1)))),
    quiet: () => until(() => clock.pending() === 0),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      expectNothingLeaks(gateway, answers, [upstream.port]);
    },
  };
  upstream.answer(LOGIN_PATH, (socket) => {
    stand.login(socket);
  });
  upstream.answer(REPORT_PATH, (socket) => {
    const isTaken = live.has(tokenOf(upstream.requests.at(-1)!));
    (isTaken ? stand.report : faults.status(401))(socket);
  });
  return stand;
}

export function tokenOf({ headers }: SeenRequest): string {
  const authorization = headers.authorization ?? '';
  expect(authorization).toMatch(/^Bearer /);
  return authorization.slice('Bearer '.length);
}

/** The redirect of a login that went well. */
function giveToken(token: string): Fault {
  return faults.redirect(`/?token=${encodeURIComponent(token)}`);
}

/** The event loop turns until it is so: no time is waited for, only what is under way. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
  await setImmediate();
}

/** No secret and nothing of where the upstream is, in any answer, its headers, or the log down to "trace". */
export function expectNothingLeaks(
  { log }: Pick<TestGateway, 'log'>,
  answers: readonly Pick<Answer, 'text' | 'headers'>[],
  ports: readonly number[],
): void {
  const said = [...answers.flatMap(({ text, headers }) => [text, ...[...headers].flat()]), JSON.stringify(log)];
  for (const text of said) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('127.0.0.1');
    for (const port of ports) expect(text).not.toMatch(new RegExp(`(?<!\\w)${port}(?!\\w)`));
  }
  // No defect of ours either.
  expect(log.filter(({ level }) => Number(level) > 40)).toEqual([]);
}

/** One error of one field, and no report beside it. */
export function expectRefused(answer: Answer, code: string, hint?: string): void {
  expect(answer.status).toBe(200);
  expect(answer.data).toEqual({ workloadCosts: null });
  expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual([code]);
  if (hint !== undefined) expect(answer.errors[0]!.message).toContain(hint);
}

/** The name in the one row of a report that came. */
export function nameIn(answer: Answer): string {
  expect(answer.errors).toEqual([]);
  return (answer.data as { workloadCosts: { rows: { nodes: { workloadName: string }[] } } }).workloadCosts.rows
    .nodes[0]!.workloadName;
}
