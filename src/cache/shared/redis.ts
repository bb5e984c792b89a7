// The engine behind the memory that replicas share: a Valkey or Redis, through its own client. A command goes out at once
// or fails at once, none waits for a connection; whoever asks decides how long to wait for an answer.

import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

export interface Engine {
  /** Whether there is a connection. */
  isReady(): boolean;
  read(keys: readonly string[]): Promise<readonly (Buffer | null)[]>;
  write(key: string, value: Buffer, keepMs: number): Promise<void>;
  /** What is under the key, or `value` where there was nothing. */
  begin(key: string, value: string, keepMs: number): Promise<string>;
  /** Keeps what is under the key, if there is anything, for `keepMs` from now. */
  extend(key: string, keepMs: number): Promise<void>;
  remove(key: string): Promise<void>;
  /** Takes a lock that nobody holds for `holdMs`, or holds our own for longer; answers whether it is ours now. */
  lock(key: string, owner: string, holdMs: number): Promise<boolean>;
  /** Lets go of a lock if it is still ours. */
  unlock(key: string, owner: string): Promise<void>;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly url: string;
  /** Told when the connection is there, and when it is lost or not to be had: an error's code or name, never its text. */
  readonly onConnection: (isUp: boolean, reason?: string) => void;
}

const CONNECT_MS = 2_000;
/** A connection on which nothing moves for so long is given up; a ping keeps a good one moving. */
const SILENT_MS = 5_000;
const PING_MS = 2_000;
const MAX_RECONNECT_MS = 5_000;
const MAX_COMMANDS = 10_000;

// Each in one step: between two, somebody else may have been there.
const BEGIN = `
  if redis.call('type', KEYS[1]).ok == 'string' then return redis.call('get', KEYS[1]) end
  redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]`;
// What never ends, or later than a lock of ours can, is no lock.
const LOCK = `
  if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
  local left = redis.call('pttl', KEYS[1])
  if left >= 0 and left <= tonumber(ARGV[2]) and redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`;
const UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** Only where it is wanted: its hundreds of files take a tenth of the start and 8 MiB. By require, which need not be awaited. */
function loadClient() {
  return createRequire(import.meta.url)('@redis/client') as typeof import('@redis/client');
}

/** Begins to connect, and goes on trying for as long as it is open. */
export function createRedisEngine({ url, onConnection }: EngineOptions): Engine {
  const { createClient, RESP_TYPES } = loadClient();
  // A connection in the making would outlive the client's own end.
  const closing = new AbortController();
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: PING_MS,
    socket: {
      signal: closing.signal,
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      // It waits between two attempts with a timer that cannot be called off, and would hold the process for so long.
      reconnectStrategy: false,
    },
  });
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  tellConnection(client, onConnection);
  const run = (script: string, key: string, ...values: (string | number)[]) =>
    client.eval(script, { keys: [key], arguments: values.map((value) => String(value)) });
  keepConnected(client, closing.signal);

  return {
    isReady: () => client.isReady,
    read: (keys) => binary.mGet([...keys]),
    async write(key, value, keepMs) {
      await client.set(key, value, { expiration: { type: 'PX', value: Math.ceil(keepMs) } });
    },
    begin: async (key, value, keepMs) => (await run(BEGIN, key, value, Math.ceil(keepMs))) as string,
    async extend(key, keepMs) {
      await client.pExpire(key, Math.ceil(keepMs));
    },
    async remove(key) {
      await client.del(key);
    },
    lock: async (key, owner, holdMs) => (await run(LOCK, key, owner, holdMs)) === 1,
    async unlock(key, owner) {
      await run(UNLOCK, key, owner);
    },
    close() {
      closing.abort();
      client.destroy();
      return Promise.resolve();
    },
  };
}

/** Connects, and again a while after that failed or the connection was lost. */
function keepConnected(client: EventEmitter & { connect(): Promise<unknown> }, closing: AbortSignal): void {
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  const connect = (): void => {
    // Also reported by the event.
    client.connect().catch(() => undefined);
  };
  client.on('ready', () => {
    failures = 0;
  });
  client.on('terminated', () => {
    if (closing.aborted) return;
    timer = setTimeout(connect, Math.min(100 * 2 ** failures, MAX_RECONNECT_MS)).unref();
    failures += 1;
  });
  closing.addEventListener('abort', () => {
    clearTimeout(timer);
  });
  connect();
}

/** Each change is told once, however often it tries to connect. */
function tellConnection(client: EventEmitter, onConnection: EngineOptions['onConnection']): void {
  let wasUp: boolean | undefined;
  const tell = (isUp: boolean, reason?: string): void => {
    if (isUp !== wasUp) onConnection(isUp, reason);
    wasUp = isUp;
  };
  client.on('error', (error: unknown) => {
    tell(false, toReason(error));
  });
  client.on('ready', () => {
    tell(true);
  });
}

/** For the log: an error's text may hold the host, and what the server says. */
function toReason(error: unknown): string {
  const { code, name, constructor } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return name === 'Error' ? constructor.name : name;
}
