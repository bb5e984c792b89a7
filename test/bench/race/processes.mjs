// The processes: each server on the first core; the load and ScaleOps on the second one, where the machine allows it.
// Their output is not read.

import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { toTrustedDocuments } from './queries.mjs';

const BENCH = join(import.meta.dirname, '..');
const ROOT = join(BENCH, '../..');

export const PEERS = ['bare', 'hand-written', 'mercurius', 'apollo', 'yoga'];
export const SERVERS = ['gateway', ...PEERS];

/** Named by `core` where a server may use all cores, like in production. */
export const BOTH_CORES = '0,1';

export const isPinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Like in production. */
const START = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  .scripts.start.split(' ')
  .slice(1);

/** Longer than any run, so that no report expires during it. */
const GATEWAY_ENV = { SCALEOPS_TOKEN: 'bench', CACHE_TTL_SECONDS: '86400' };

/**
 * Starts the gateway or a peer; resolves when it accepts connections.
 * @param {string} name
 * @param {{ upstream: string, isRepeated?: boolean, env?: Record<string, string>, core?: string }} options
 */
export async function startServer(name, { upstream, isRepeated = true, env = {}, core = '0' }) {
  const port = await findPort();
  const options = name === 'gateway' ? START : [join(BENCH, `peers/${name}.mjs`)];
  const [command, ...args] = [...pin(core), process.execPath, ...options];
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      PORT: String(port),
      SCALEOPS_URL: upstream,
      ANSWER_CACHE: isRepeated ? 'on' : 'off',
      ...(name === 'gateway' && GATEWAY_ENV),
      ...env,
    },
  });
  const ended = once(child, 'exit');
  // Ends all processes, however this one ends.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  await waitFor(port, child);
  return {
    name,
    port,
    pid: child.pid,
    cpuMs: () => readCpuMs(child.pid),
    async stop() {
      process.off('exit', kill);
      kill();
      await ended;
    },
  };
}

/** Starts a file of this folder on the second core; it reports by message when it is ready, and ends with this process. */
export async function startHelper(file, env = {}) {
  const path = join(import.meta.dirname, file);
  const [command, ...args] = [...pin('1'), process.execPath];
  const child = fork(path, [], { execPath: command, execArgv: args, env: { ...process.env, ...env } });
  return {
    child,
    message: async () => {
      const [message] = await once(child, 'message');
      return message;
    },
  };
}

/** @returns the path of a file for GATEWAY_TRUSTED_DOCUMENTS */
export function writeTrustedDocuments() {
  const path = join(mkdtempSync(join(tmpdir(), 'bench-')), 'trusted-documents.json');
  writeFileSync(path, JSON.stringify(toTrustedDocuments()));
  return path;
}

function pin(core) {
  return isPinned ? ['taskset', '-c', core] : [];
}

async function findPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function waitFor(port, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error('a server did not start');
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The CPU time of all its threads; undefined where the system does not report it. */
function readCpuMs(pid) {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return undefined;
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // In hundredths of a second: the usual value of `getconf CLK_TCK`.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
