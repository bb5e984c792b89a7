// Replicas: whole gateways on one Redis and one upstream, with waits for a log line, a timer or a written key, so that no
// test has to sleep.

import { connect } from 'node:net';
import { pino } from 'pino';

import type { Clock } from '../../../src/clock.js';
import { readConfig } from '../../../src/config/config.js';
import { createGateway } from '../../../src/app/gateway.js';
import { createManualClock, type ManualClock } from '../time/clock.js';
import { NO_TIMER, PLAIN_REQUESTS, sendQuery, type GraphqlResponse, type TestGateway } from '../gateway.js';
import { startRedis, type RedisOptions, type TestRedis } from './redis.js';
import { encodeCommand, readReplies } from '../formats/resp.js';

/** Events, with waits for a number of them. */
interface EventRecorder<T> {
  readonly all: readonly T[];
  add(each: T): void;
  /** Resolves when `count` matching events have happened since the start. */
  reach(fits: (each: T) => boolean, count?: number): Promise<void>;
}

function createEventRecorder<T>(all: T[] = []): EventRecorder<T> {
  const waiting = new Set<() => void>();
  return {
    all,
    add(each) {
      all.push(each);
      for (const look of waiting) look();
    },
    reach: (fits, count = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (all.filter(fits).length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** How often a gateway checks whether a lock was released. */
export const POLL_MS = 40;
/** How often the holder of a lock renews it. */
const RENEW_MS = 25;
/** How long a gateway waits for a reply of Redis, at most. */
const MAX_ANSWER_MS = 150;

export interface WatchedClock extends ManualClock {
  /** The number of timers with this delay since the start. */
  timers(delayMs: number): number;
  /** Resolves when `count` timers have been set. */
  timersSet(delayMs: number, count: number): Promise<void>;
  /** The number of commands to Redis without a reply. */
  commands(): number;
}

/** The manual clock, which also records when a wait begins. */
export function createWatchedClock(): WatchedClock {
  const clock = createManualClock();
  const set = createEventRecorder<number>();
  const commands = new Set<() => void>();
  return {
    ...clock,
    after(delayMs, task) {
      const cancel = clock.after(delayMs, () => {
        commands.delete(cancel);
        task();
      });
      if (delayMs <= MAX_ANSWER_MS && delayMs !== POLL_MS && delayMs !== RENEW_MS) commands.add(cancel);
      set.add(delayMs);
      return () => {
        commands.delete(cancel);
        cancel();
      };
    },
    commands: () => commands.size,
    timers: (delayMs) => set.all.filter((each) => each === delayMs).length,
    timersSet: (delayMs, count) => set.reach((each) => each === delayMs, count),
  };
}

export interface Replica extends TestGateway {
  /** Sends a query with this bearer token and `init`. */
  sendAs(token: string, query: string, variables?: unknown, headers?: Record<string, string>): Promise<GraphqlResponse>;
  /** Resolves when `count` log lines have this message, since the start. */
  logged(message: string, count?: number): Promise<void>;
}

export const CONNECTED = 'the shared cache is connected';

/** A gateway with a token per caller. `cacheBytes` replaces CACHE_MAX_MB. */
export function startReplica(
  url: string,
  env: Readonly<Record<string, string>>,
  { clock, cacheBytes }: { readonly clock?: Clock; readonly cacheBytes?: number } = {},
): Replica {
  const log: Record<string, unknown>[] = [];
  const lines = createEventRecorder(log);
  const { config } = readConfig({
    SCALEOPS_URL: url,
    SCALEOPS_AUTH: 'forward',
    PORT: '0',
    ...PLAIN_REQUESTS,
    ...NO_TIMER,
    ...env,
  });
  const { cache } = config;
  const gateway = createGateway(
    { ...config, cache: { ...cache, maxBytes: cacheBytes ?? cache.maxBytes } },
    {
      logger: pino(
        { level: 'trace', base: null },
        {
          write: (line: string) => {
            lines.add(JSON.parse(line) as Record<string, unknown>);
          },
        },
      ),
      ...(clock && { clock }),
    },
  );
  const sendToGateway: Replica['send'] = (query, variables, init) =>
    sendQuery((request) => gateway.fetch(request), query, variables, init);
  return {
    gateway,
    log,
    send: sendToGateway,
    sendAs: (token, query, variables, headers) =>
      sendToGateway(query, variables, { headers: { authorization: `Bearer ${token}`, ...headers } }),
    logged: (message, count) => lines.reach(({ msg }) => msg === message, count),
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

/** Key events of Redis: `set`, `del`, `expired`, with the key. */
type KeyEvent = `${string} ${string}`;

interface KeyWatch extends AsyncDisposable {
  readonly events: readonly KeyEvent[];
  /** Resolves when `count` matching events have arrived since the start. */
  event(pattern: RegExp, count?: number): Promise<void>;
  /** The number of matching events since the start. */
  count(pattern: RegExp): number;
  /** Resolves when no lock is held: a replica that fetched a report has stored it for the others. */
  settled(): Promise<void>;
}

/** Listens to a Redis of `startWatchedRedis`; ends with it. */
async function watchKeys({ port }: TestRedis, opening: readonly (readonly string[])[]): Promise<KeyWatch> {
  const events: KeyEvent[] = [];
  const recorder = createEventRecorder(events);
  const pongs = createEventRecorder<string>();
  const held = new Set<string>();
  const released = createEventRecorder<string>();
  const socket = connect(port, '127.0.0.1');
  // A stopping server ends it.
  socket.on('error', () => undefined);
  const subscribed = createEventRecorder<string>();
  const listen = async (): Promise<void> => {
    for await (const reply of readReplies(socket)) {
      const [kind = '', , channel = '', key = ''] = Array.isArray(reply) ? reply.map(String) : [];
      if (kind === 'psubscribe') subscribed.add(kind);
      if (kind === 'pong') pongs.add(kind);
      if (kind !== 'pmessage') continue;
      const what = channel.split(':').at(-1) ?? '';
      if (key.includes(':lock:') && what === 'set') held.add(key);
      if (key.includes(':lock:') && /^(?:del|expired)$/.test(what)) held.delete(key);
      if (held.size === 0) released.add(key);
      recorder.add(`${what} ${key}`);
    }
  };
  const listened = listen().catch(() => undefined);
  for (const command of [...opening, ['PSUBSCRIBE', '__keyevent@0__:*']]) socket.write(encodeCommand(command));
  await subscribed.reach(() => true);
  let pings = 0;
  return {
    events,
    event: (pattern, count) => recorder.reach((each) => pattern.test(each), count),
    count: (pattern) => events.filter((event) => pattern.test(event)).length,
    async settled() {
      // Earlier events arrive before the reply to this command.
      socket.write(encodeCommand(['PING']));
      await pongs.reach(() => true, (pings += 1));
      if (held.size > 0) await released.reach(() => true, released.all.length + 1);
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await listened;
    },
  };
}

export interface WatchedRedis extends TestRedis {
  readonly watch: KeyWatch;
  /** The names of the keys of reports, in order. */
  reports(): Promise<string[]>;
}

/** A Redis that reports changes of its keys, until it is stopped. */
export async function startWatchedRedis({ args = [], password }: RedisOptions = {}): Promise<WatchedRedis> {
  const redis = await startRedis({
    args: ['--notify-keyspace-events', 'EA', ...args],
    ...(password !== undefined && { password }),
  });
  const watch = await watchKeys(redis, password === undefined ? [] : [['AUTH', password]]);
  return {
    ...redis,
    watch,
    reports: async () => (await redis.keys()).filter((key) => key.includes(':report:')),
    async [Symbol.asyncDispose]() {
      await watch[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when nothing with a deadline is pending, and no lock is held. */
export async function waitUntilIdle(clock: WatchedClock, watch: KeyWatch): Promise<void> {
  do {
    await watch.settled();
    await new Promise((resolve) => setImmediate(resolve));
  } while (clock.pending() > 0);
}

/** Advances time for later waits for a lock, as long as the lock is held. */
export function keepPolling(clock: WatchedClock, watch: KeyWatch): void {
  const poll = async (count: number): Promise<void> => {
    await clock.timersSet(POLL_MS, count);
    do {
      await watch.settled();
      // Redis is not slow here: pending commands get their reply before time advances.
      await new Promise((resolve) => setImmediate(resolve));
    } while (clock.commands() > 0);
    clock.advance(POLL_MS);
    await poll(count + 1);
  };
  void poll(clock.timers(POLL_MS) + 1);
}
