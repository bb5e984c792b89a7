// Starts processes with exactly the environment that a test sets, and observes their output. No wait depends on time: a
// line arrives, or the process ends and the wait fails.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { BUILD_FOLDER } from './build-folder.js';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The entry point of the compiled gateway, which is compiled once per test run. */
export const MAIN = join(BUILD_FOLDER, 'dist/main.js');

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** The lines of stdout so far. */
  readonly lines: readonly string[];
  /** The first matching line of stdout, past or future. Rejects when the process ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** The same for a line of the log, parsed. */
  logLine(pattern: RegExp): Promise<Readonly<Record<string, unknown>>>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts `command` with only `env` and PATH in its environment. `stdout` is a file descriptor, not read. */
export function startProcess(
  command: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly stdout?: number;
  } = {},
): RunningProcess {
  const [file = '', ...args] = command;
  // An empty working folder: a test that needs files sets another one.
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`, ...options.env };
  const child = spawn(file, args, {
    env,
    cwd: options.cwd ?? '/',
    stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
  });
  const output = child.stdout ?? Readable.from([]);
  const stdout = collect(output);
  const stderr = collect(child.stderr!);
  // 'close' follows the last byte of both outputs, 'exit' may not.
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: stdout.text(),
    stderr: stderr.text(),
  }));
  // Rejects for a caller that awaits it; no caller has to.
  ended.catch(() => undefined);
  const { lines, line } = watchLines(output, ended);
  return {
    // Undefined when it could not be started: then `ended` rejects.
    pid: child.pid ?? -1,
    lines,
    line,
    logLine: async (pattern) => JSON.parse(await line(pattern)) as Record<string, unknown>,
    kill: (signal) => {
      child.kill(signal);
    },
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
    },
  };
}

function collect(stream: Readable): { text: () => string } {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return { text: () => Buffer.concat(pieces).toString('utf8') };
}

function watchLines(stream: Readable, ended: Promise<Ended>): Pick<RunningProcess, 'lines' | 'line'> {
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line);
    for (const tell of waiting) tell(line);
  });
  return {
    lines,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const tell = (line: string): void => {
          if (!pattern.test(line)) return;
          waiting.delete(tell);
          resolve(line);
        };
        waiting.add(tell);
        for (const line of [...lines]) tell(line);
        ended.then(({ code, signal, stderr }) => {
          reject(new Error(`ended (${code ?? signal}) without a line like ${pattern}; ${lines.join('\n')}\n${stderr}`));
        }, reject);
      }),
  };
}
