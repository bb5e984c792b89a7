// A Redis or Valkey of this machine, without persistence, and empty at each start. The kit uses its own Unix socket, so that
// MONITOR distinguishes the gateway's commands from the test's.
// Full: `config set maxmemory 1`, or --maxmemory and large values. Read-only: `replicaof 127.0.0.1 1`, an unreachable
// master.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { startProcess, type RunningProcess } from './process.js';
import { send, encodeCommand, readReplies, type Argument, type Command, type Reply } from '../formats/resp.js';
import { findFreePort } from '../upstream/tcp-proxy.js';

/** The path of the server, if there is one. */
function findRedis(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path));
}

/** For `describe.skipIf`. In CI a missing server is a failure, of startRedis(). */
export const isRedisSkipped = findRedis() === undefined && process.env.CI === undefined;
if (isRedisSkipped) console.warn('Redis is not tested: no redis-server or valkey-server on PATH.');

export interface RedisOptions {
  /** More settings, as `--name`, `value`. */
  readonly args?: readonly string[];
  /** Clients need it; `url` contains it. */
  readonly password?: string;
}

interface RedisMonitor {
  /** The commands of all clients except the kit, in order, as MONITOR shows them: `"GET" "key"`. */
  readonly commands: readonly string[];
  /** Resolves when `commands` has every command with a reply so far. */
  stop(): Promise<void>;
}

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The reply to one command. @throws Error with the server's text: `READONLY You can't …`. */
  command(...args: Argument[]): Promise<Reply>;
  get(key: string): Promise<Buffer | null>;
  /** `options` as Redis has them: `'PX', 1000`. */
  set(key: string, value: Buffer | string, ...options: Argument[]): Promise<Reply>;
  /** In order. Of the first database, like everything here except `everything`. */
  keys(): Promise<string[]>;
  /** The bytes of all keys and values in all databases, for searching. */
  everything(): Promise<Buffer>;
  monitor(): Promise<RedisMonitor>;
  /** Later connections are accepted and get no reply, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Kills the server. `start` opens the same port again, without data. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startRedis({ args = [], password }: RedisOptions = {}): Promise<TestRedis> {
  const binary = findRedis();
  if (binary === undefined) throw new Error('No Redis: install redis-server or valkey-server.');
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const port = await findFreePort();
  const socketPath = join(folder, 'socket');
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--unixsocket', socketPath, '--dir', folder];
  // Uncompressed, so that DUMP contains the bytes of a value.
  const noDisk = ['--save', '', '--appendonly', 'no', '--rdbcompression', 'no'];
  const command = [binary, ...settings, ...noDisk, ...(password === undefined ? [] : ['--requirepass', password])];
  let server: RunningProcess | undefined;
  let guard: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = startProcess([...command, ...args]);
    // A log line starts with the process id.
    guard = killWithParent(parseInt(await server.line(/Ready to accept connections/)));
  };
  const stop = async (): Promise<void> => {
    guard?.kill('SIGKILL');
    await server?.[Symbol.asyncDispose]();
  };
  const dispose = async (): Promise<void> => {
    await stop();
    await rm(folder, { recursive: true });
  };
  await start().catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return {
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    port,
    ...createInspector(socketPath, password === undefined ? [] : [['AUTH', password]]),
    freeze: () => server?.kill('SIGSTOP'),
    thaw: () => server?.kill('SIGCONT'),
    stop,
    start,
    [Symbol.asyncDispose]: dispose,
  };
}

/**
 * Kills the server when this process ends in any way: the guard reads from a pipe that ends with it. A frozen server would
 * stay for ever.
 */
function killWithParent(pid: number): ChildProcess {
  const script = 'read -r _; kill -9 "$0"';
  return spawn('sh', ['-c', script, `${pid}`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
}

type Inspector = Pick<TestRedis, 'command' | 'get' | 'set' | 'keys' | 'everything' | 'monitor'>;

/** A new connection for each command, which starts with `opening`: nothing to reconnect after a restart. */
function createInspector(socketPath: string, opening: readonly Command[]): Inspector {
  const exchange = async (...commands: Command[]): Promise<Reply[]> => {
    const socket = connect(socketPath);
    try {
      const received = await send(socket, readReplies(socket), [...opening, ...commands]);
      return received.slice(opening.length);
    } finally {
      socket.destroy();
    }
  };
  const command = async (...args: Argument[]): Promise<Reply> => (await exchange(args))[0]!;
  return {
    command,
    get: async (key) => (await command('GET', key)) as Buffer | null,
    set: (key, value, ...options) => command('SET', key, value, ...options),
    keys: async () => ((await command('KEYS', '*')) as Buffer[]).map(String).sort(),
    async everything() {
      const pieces: Buffer[] = [];
      for (const [, database = ''] of String(await command('INFO', 'keyspace')).matchAll(/^db(\d+):/gm)) {
        const [, keys] = (await exchange(['SELECT', database], ['KEYS', '*'])) as [string, Buffer[]];
        const [, ...values] = await exchange(['SELECT', database], ...keys.map((key) => ['DUMP', key]));
        // Null: it has expired meanwhile.
        pieces.push(...keys, ...(values as (Buffer | null)[]).filter((value) => value !== null));
      }
      return Buffer.concat(pieces);
    },
    monitor: () => startMonitor(socketPath, opening),
  };
}

async function startMonitor(socketPath: string, opening: readonly Command[]): Promise<RedisMonitor> {
  const socket = connect(socketPath);
  const replies = readReplies(socket);
  await send(socket, replies, [...opening, ['MONITOR']]);
  const commands: string[] = [];
  const collect = async (): Promise<void> => {
    for await (const line of replies) {
      // `1700000000.123456 [0 127.0.0.1:50000] "GET" "key"`
      const [, from = '', requested = ''] = /^[\d.]+ \[\d+ (\S+)\] (.*)$/.exec(String(line)) ?? [];
      if (requested !== '' && !from.startsWith('unix:')) commands.push(requested);
    }
  };
  // A stopping server ends it too.
  const collected = collect().catch(() => undefined);
  return {
    commands,
    // The reply comes after the lines of earlier commands.
    stop: () => {
      socket.write(encodeCommand(['QUIT']));
      return collected;
    },
  };
}
