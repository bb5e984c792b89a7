// Invariants of a gateway for any input: no status of 500 or more, every error in the documented form, no internals or
// addresses in a response, no prototype changed, no defect in the log, and no upstream call for a refused request.

import { expect } from 'vitest';

import { ERROR_CODES, type ErrorCode } from '../../../src/errors.js';
import { TOKEN, type TestStack } from '../gateway.js';
import { assertUpstreamRequest } from '../formats/openapi.js';

export interface SentResponse {
  readonly status: number;
  readonly requestId: string | null | undefined;
  readonly type: string | null | undefined;
  readonly text: string;
  /** The only request, so no other response can be lost with the connection. */
  readonly isWhole: boolean;
}

export interface Watch extends Disposable {
  /** Sends one case, and checks its responses and side effects. */
  during(send: () => Promise<readonly SentResponse[]>): Promise<void>;
  /** The counts by outcome: a code, `data`, or a bare status. */
  readonly counts: ReadonlyMap<string, number>;
}

const ERROR_MEMBERS = ['locations', 'message', 'path', 'extensions'];
const LONGEST_MESSAGE = 800;
/** The CPU time of one case, garbage collection included; generous for the slowest test machine. */
const MAX_CPU_MS = 2_500;

/** Texts of stacks, files and system errors; and of ScaleOps' host, the simulator on the loopback interface. */
const LEAKS =
  /\bat (?:\S+ )?\(?(?:file:|node:|\/)\S*:\d+:\d+|node_modules|file:\/\/|\/src\/|\.[jt]s:\d|ECONN|EPIPE|undici|127\.0\.0\.1|detailedCostReport/;

/** Unhandled rejections and exceptions. */
const STRAYS = ['unhandledRejection', 'uncaughtException'];

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Promise.prototype];

/** As one text, which is compared after each case. */
function keysOfPrototypes(): string {
  return PROTOTYPES.map((each) => Reflect.ownKeys(each).map(String).join()).join('; ');
}

export function watch(stack: TestStack): Watch {
  const keys = keysOfPrototypes();
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const uncaught: unknown[] = [];
  const onUncaught = (reason: unknown) => void uncaught.push(reason);
  for (const event of STRAYS) process.on(event, onUncaught);

  const settle = (cpuBefore: NodeJS.CpuUsage): void => {
    expect(stack.log.filter(({ level }) => Number(level) >= 40)).toEqual([]);
    stack.received.forEach(assertUpstreamRequest);
    expect(keysOfPrototypes()).toBe(keys);
    expect(uncaught).toEqual([]);
    const { user, system } = process.cpuUsage(cpuBefore);
    expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS);
  };
  const check = (response: SentResponse): void => {
    const { status, text, type } = response;
    expect(status).toBeLessThan(500);
    expectNoLeak(text);
    if (!type?.includes('json')) count(String(status));
    // The health check's own log line.
    else if (text === '{"status":"up"}') count('up');
    else if (checkBody(response, count) && response.isWhole) expect(stack.received).toEqual([]);
  };
  return {
    counts,
    async during(send) {
      // Leftovers of an earlier case, when that failed.
      for (const list of [stack.log, stack.received]) clear(list);
      const cpu = process.cpuUsage();
      const responses = await send();
      for (const response of responses) check(response);
      settle(cpu);
    },
    [Symbol.dispose]: () => {
      for (const event of STRAYS) process.off(event, onUncaught);
    },
  };
}

/** Lists of events are checked case by case: a million cases would not fit into one list. */
function clear(list: readonly unknown[]): void {
  (list as unknown[]).length = 0;
}

function expectNoLeak(text: string): void {
  expect(text).not.toMatch(LEAKS);
  expect(text).not.toContain(TOKEN);
}

/** Checks a JSON response. Returns whether the request was refused. */
function checkBody({ text, requestId, status }: SentResponse, count: (what: string) => void): boolean {
  const { errors, data, extensions, ...rest } = JSON.parse(text) as {
    readonly errors?: readonly Record<string, unknown>[];
    readonly data?: unknown;
    readonly extensions?: { readonly ftv1?: string };
  };
  expect(rest).toEqual({});
  expect(data !== undefined || (errors?.length ?? 0) > 0).toBe(true);
  if (data !== undefined) {
    expect(status).toBe(200);
    count('data');
  }
  // Its texts are in there unchanged.
  if (extensions?.ftv1 !== undefined) expectNoLeak(Buffer.from(extensions.ftv1, 'base64').toString('latin1'));
  const codes = (errors ?? []).map((error) => checkError(error, requestId));
  codes.forEach(count);
  // Yoga finds an unsupported media type after execution.
  return data === undefined && !codes.includes('NOT_ACCEPTABLE');
}

function checkError(error: Readonly<Record<string, unknown>>, requestId: unknown): ErrorCode {
  expect(Object.keys(error).filter((key) => !ERROR_MEMBERS.includes(key))).toEqual([]);
  const { code, retryable, requestId: id, ...rest } = error.extensions as Record<string, unknown>;
  expect(rest).toEqual({});
  expect(Object.keys(ERROR_CODES)).toContain(code);
  expect(code).not.toBe('INTERNAL_SERVER_ERROR');
  // ScaleOps works here: a refusal or timeout of a call is a failure of the gateway.
  expect(code).not.toMatch(/^UPSTREAM_|OVERLOADED|CIRCUIT_OPEN/);
  expect(retryable).toBe(ERROR_CODES[code as ErrorCode].retryable);
  expect(id).toBe(requestId);
  expect(error.message).toMatch(/\S/);
  expect((error.message as string).length).toBeLessThan(LONGEST_MESSAGE);
  return code as ErrorCode;
}
