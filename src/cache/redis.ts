// The engine behind the memory that replicas share: a Valkey or Redis, through its own client. A command goes out at once
// or fails at once, none waits for a connection; whoever asks decides how long to wait for an answer.

import { createClient, RESP_TYPES } from '@redis/client';

export interface Engine {
  /** Whether there is a connection. */
  isReady(): boolean;
  read(keys: readonly string[]): Promise<readonly (Buffer | null)[]>;
  write(key: string, value: Buffer | string, keepMs: number): Promise<void>;
  /** Takes a lock that nobody holds, for at most `holdMs`; answers whether it is ours now. */
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
const MAX_COMMANDS = 1_000;

/** Compare and delete: in one step, or a lock that ended meanwhile is taken from its next owner. */
const UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** Begins to connect, and goes on trying for as long as it is open. */
export function createRedisEngine({ url, onConnection }: EngineOptions): Engine {
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
      reconnectStrategy: (retries) => Math.min(100 * 2 ** Math.min(retries, 10), MAX_RECONNECT_MS),
    },
  });
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  // Each change is told once, however often it tries to connect.
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
  // Also reported by the event above.
  client.connect().catch(() => undefined);

  return {
    isReady: () => client.isReady,
    read: (keys) => binary.mGet([...keys]),
    async write(key, value, keepMs) {
      await client.set(key, value, { expiration: { type: 'PX', value: Math.ceil(keepMs) } });
    },
    lock: async (key, owner, holdMs) =>
      (await client.set(key, owner, { condition: 'NX', expiration: { type: 'PX', value: holdMs } })) === 'OK',
    async unlock(key, owner) {
      await client.eval(UNLOCK, { keys: [key], arguments: [owner] });
    },
    close() {
      client.destroy();
      closing.abort();
      return Promise.resolve();
    },
  };
}

/** For the log: an error's text may hold the host, and what the server says. */
function toReason(error: unknown): string {
  const { code, name, constructor } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return name === 'Error' ? constructor.name : name;
}
