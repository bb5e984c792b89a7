// The connection to Valkey or Redis, through @redis/client. A command never waits for a connection: without one, it fails.
// guarded-redis.ts adds time limits.

import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

/** Called when the connection is made, and when it fails: with the error's code or name, never its text. */
type OnConnectionChange = (isConnected: boolean, reason?: string) => void;

interface LockValue {
  readonly owner: string;
  /** Begins with the owner. */
  readonly value: string;
  readonly ttlMs: number;
}

const MAX_RECONNECT_DELAY_MS = 5_000;
const LIMITS = {
  disableOfflineQueue: true,
  /** The most commands without a reply; further ones fail. */
  commandsQueueMaxLength: 10_000,
  pingInterval: 2_000,
};
const SOCKET = {
  connectTimeout: 2_000,
  /** A connection without any traffic for this long is closed; pings keep a good one alive. */
  socketTimeout: 5_000,
  /** The client's own strategy waits with a timer that cannot be cancelled and keeps the process alive. */
  reconnectStrategy: false,
} as const;

// Scripts, because each has to be atomic.
const GET_OR_SET = `
  if redis.call('type', KEYS[1]).ok == 'string' then return redis.call('get', KEYS[1]) end
  redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]`;
// A value of another type, or with a longer time to live than our locks have, is no lock and is replaced.
const LOCK = `
  local owner, value, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
  if redis.call('type', KEYS[1]).ok == 'string' then
    local left = redis.call('pttl', KEYS[1])
    local held = redis.call('getrange', KEYS[1], 0, 99)
    if left >= 0 and left <= ttl and string.sub(held, 1, #owner) ~= owner then return held end
  end
  redis.call('set', KEYS[1], value, 'PX', ttl)
  return value`;
const UNLOCK = `
  if redis.call('type', KEYS[1]).ok ~= 'string' then return 0 end
  if redis.call('getrange', KEYS[1], 0, #ARGV[1] - 1) == ARGV[1] then return redis.call('del', KEYS[1]) end
  return 0`;

export type Redis = ReturnType<typeof createRedis>;

/** Starts to connect, and reconnects until it is closed. */
export function createRedis(url: string, onConnectionChange: OnConnectionChange) {
  // Loaded only with CACHE_REDIS_URL: it takes 8 MiB and a tenth of the start. `require`, because that is synchronous.
  const require = createRequire(import.meta.url);
  const { createClient, RESP_TYPES } = require('@redis/client') as typeof import('@redis/client');
  // Without this signal, a connection attempt outlives `client.destroy()`.
  const closing = new AbortController();
  const client = createClient({ url, ...LIMITS, socket: { ...SOCKET, signal: closing.signal } });
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  reportConnection(client, (isConnected, reason) => {
    // A port without TLS leaves the handshake unanswered.
    const isTlsTimeout = reason === TIMEOUT && url.startsWith('rediss:');
    onConnectionChange(isConnected, isTlsTimeout ? `${TIMEOUT}, with TLS` : reason);
  });
  keepConnected(client, closing.signal);
  const run = (script: string, key: string, ...values: (string | number)[]) =>
    client.eval(script, { keys: [key], arguments: values.map((value) => String(value)) }) as Promise<unknown>;

  return {
    /** Whether there is a connection. */
    isReady: () => client.isReady,
    read: (keys: readonly string[]): Promise<readonly (Buffer | null)[]> => binary.mGet([...keys]),
    async write(key: string, value: Buffer, ttlMs: number): Promise<void> {
      await client.set(key, value, { expiration: { type: 'PX', value: Math.ceil(ttlMs) } });
    },
    /** Returns the value of the key, after setting it to `value` if there was none. */
    getOrSet: (key: string, value: string, ttlMs: number) =>
      run(GET_OR_SET, key, value, Math.ceil(ttlMs)) as Promise<string>,
    /** Sets the time to live of the key, if it exists. */
    extend: (key: string, ttlMs: number): Promise<unknown> => client.pExpire(key, Math.ceil(ttlMs)),
    remove: (key: string): Promise<unknown> => client.del(key),
    /** Acquires a free lock, or renews one of this owner. Returns the value that the lock then has. */
    lock: (key: string, { owner, value, ttlMs }: LockValue) => run(LOCK, key, owner, value, ttlMs) as Promise<string>,
    /** Releases the lock if this owner holds it. */
    unlock: (key: string, owner: string) => run(UNLOCK, key, owner),
    close(): void {
      closing.abort();
      client.destroy();
    },
  };
}

/** Connects, and reconnects with exponential backoff. */
function keepConnected(client: EventEmitter & { connect(): Promise<unknown> }, closing: AbortSignal): void {
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  const connect = (): void => {
    // The `error` event reports it.
    client.connect().catch(() => undefined);
  };
  client.on('ready', () => {
    failures = 0;
  });
  client.on('terminated', () => {
    if (closing.aborted) return;
    timer = setTimeout(connect, Math.min(100 * 2 ** failures, MAX_RECONNECT_DELAY_MS)).unref();
    failures += 1;
  });
  closing.addEventListener('abort', () => {
    clearTimeout(timer);
  });
  connect();
}

/** Reports each change once, however many attempts fail. */
function reportConnection(client: EventEmitter, onChange: OnConnectionChange): void {
  let wasConnected: boolean | undefined;
  const report = (isConnected: boolean, reason?: string): void => {
    if (isConnected !== wasConnected) onChange(isConnected, reason);
    wasConnected = isConnected;
  };
  client.on('error', (error: unknown) => {
    report(false, toReason(error));
  });
  client.on('ready', () => {
    report(true);
  });
}

const TIMEOUT = 'ConnectionTimeoutError';
const REPLIES: readonly string[] = ['ErrorReply', 'SimpleError', 'BlobError'];

/**
 * For the log: the code of a system error, the kind of an error reply of Redis (WRONGPASS, NOAUTH, READONLY), or the name
 * of another error. Messages may contain the host or text of the server, and stay out.
 */
export function toReason(error: unknown): string {
  const { code, name, message, constructor } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  const kind = REPLIES.includes(constructor.name) ? /^[A-Z]+(?= |$)/.exec(message)?.[0] : undefined;
  return kind ?? (name === 'Error' ? constructor.name : name);
}
