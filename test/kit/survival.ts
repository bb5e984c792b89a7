// What has to hold of a gateway whatever it is sent: no status of 500 or more, every error in our form, nothing of ours or
// of ScaleOps' host in an answer, no prototype changed, no defect in the log, and no call for what is turned away.

import { expect } from 'vitest';

import { ERROR_CODES, type ErrorCode } from '../../src/errors.js';
import { TOKEN, type TestStack } from './gateway.js';
import { assertUpstreamRequest } from './openapi.js';

export interface SentAnswer {
  readonly status: number;
  readonly requestId: string | null | undefined;
  readonly type: string | null | undefined;
  readonly text: string;
  /** Nothing else was sent, the answer to which may be lost with the connection. */
  readonly isWhole: boolean;
}

export interface Watch extends Disposable {
  /** Sends one case, checks its answers, and what else happened. */
  during(send: () => Promise<readonly SentAnswer[]>): Promise<void>;
  /** How often there was what: a code, `data`, or a bare status. */
  readonly tally: ReadonlyMap<string, number>;
}

const MEANT = ['locations', 'message', 'path', 'extensions'];
const LONGEST_MESSAGE = 800;
/** One case's time on the processor, garbage collection and all; on the slowest machine that we test on. */
const MAX_CPU_MS = 2_500;

/** Of stacks, files and system errors; and of ScaleOps' host, which is the simulator's, on the loopback interface. */
const LEAKS =
  /\bat (?:\S+ )?\(?(?:file:|node:|\/)\S*:\d+:\d+|node_modules|file:\/\/|\/src\/|\.[jt]s:\d|ECONN|EPIPE|undici|127\.0\.0\.1|detailedCostReport/;

/** Errors that nobody waits for. */
const STRAYS = ['unhandledRejection', 'uncaughtException'];

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Promise.prototype];

/** As one text: it is compared case by case. */
function keysOfPrototypes(): string {
  return PROTOTYPES.map((each) => Reflect.ownKeys(each).map(String).join()).join('; ');
}

export function watch(stack: TestStack): Watch {
  const keys = keysOfPrototypes();
  const tally = new Map<string, number>();
  const count = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1);
  const strays: unknown[] = [];
  const onStray = (reason: unknown) => void strays.push(reason);
  for (const event of STRAYS) process.on(event, onStray);

  const settle = (cpuBefore: NodeJS.CpuUsage): void => {
    expect(stack.log.filter(({ level }) => Number(level) >= 40)).toEqual([]);
    stack.received.forEach(assertUpstreamRequest);
    expect(keysOfPrototypes()).toBe(keys);
    expect(strays).toEqual([]);
    const { user, system } = process.cpuUsage(cpuBefore);
    expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS);
  };
  const check = (answer: SentAnswer): void => {
    const { status, text, type } = answer;
    expect(status).toBeLessThan(500);
    expectNoLeak(text);
    if (!type?.includes('json')) count(String(status));
    // The health check's own.
    else if (text === '{"status":"up"}') count('up');
    else if (checkBody(answer, count) && answer.isWhole) expect(stack.received).toEqual([]);
  };
  return {
    tally,
    async during(send) {
      // What a case before this one has left, when that failed.
      for (const list of [stack.log, stack.received]) clear(list);
      const cpu = process.cpuUsage();
      const answers = await send();
      for (const answer of answers) check(answer);
      settle(cpu);
    },
    [Symbol.dispose]: () => {
      for (const event of STRAYS) process.off(event, onStray);
    },
  };
}

/** Lists of what happened are looked at case by case: those of a million cases would not fit. */
function clear(list: readonly unknown[]): void {
  (list as unknown[]).length = 0;
}

function expectNoLeak(text: string): void {
  expect(text).not.toMatch(LEAKS);
  expect(text).not.toContain(TOKEN);
}

/** Checks an answer of JSON. Gives whether the request was turned away. */
function checkBody({ text, requestId, status }: SentAnswer, count: (what: string) => void): boolean {
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
  // Its texts stand in there as they are.
  if (extensions?.ftv1 !== undefined) expectNoLeak(Buffer.from(extensions.ftv1, 'base64').toString('latin1'));
  const codes = (errors ?? []).map((error) => checkError(error, requestId));
  codes.forEach(count);
  // That no media type suits, Yoga finds out when it has the answer.
  return data === undefined && !codes.includes('NOT_ACCEPTABLE');
}

function checkError(error: Readonly<Record<string, unknown>>, requestId: unknown): ErrorCode {
  expect(Object.keys(error).filter((key) => !MEANT.includes(key))).toEqual([]);
  const { code, retryable, requestId: id, ...rest } = error.extensions as Record<string, unknown>;
  expect(rest).toEqual({});
  expect(Object.keys(ERROR_CODES)).toContain(code);
  expect(code).not.toBe('INTERNAL_SERVER_ERROR');
  // ScaleOps is well: whatever it refuses or is not asked in time is ours to have refused.
  expect(code).not.toMatch(/^UPSTREAM_|OVERLOADED|CIRCUIT_OPEN/);
  expect(retryable).toBe(ERROR_CODES[code as ErrorCode].retryable);
  expect(id).toBe(requestId);
  expect(error.message).toMatch(/\S/);
  expect((error.message as string).length).toBeLessThan(LONGEST_MESSAGE);
  return code as ErrorCode;
}
