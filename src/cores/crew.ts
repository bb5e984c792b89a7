// The worker processes: which there are, which of them listen, what they say, and how they end.

import cluster, { type Worker } from 'node:cluster';

import type { ToPrimary } from './messages.js';

export interface EndedWorker {
  readonly worker: Worker;
  readonly code: number | null;
  readonly signal: string | null;
  readonly wasListening: boolean;
  readonly livedMs: number;
}

export interface CrewOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onMessage: (worker: Worker, message: ToPrimary) => void;
  readonly onEnd: (ended: EndedWorker) => void;
}

export interface Crew {
  readonly all: ReadonlySet<Worker>;
  readonly listening: ReadonlySet<Worker>;
  /** Starts one more; answers with its URL. Undefined: it has ended before it listened, as `onEnd` was told. */
  start(): Promise<string | undefined>;
}

export function createCrew({ env, onMessage, onEnd }: CrewOptions): Crew {
  const all = new Set<Worker>();
  const listening = new Set<Worker>();
  cluster.schedulingPolicy = cluster.SCHED_RR;
  // The command line is the primary's.
  cluster.setupPrimary({ args: [] });
  return {
    all,
    listening,
    start: () =>
      new Promise((resolve) => {
        const worker = cluster.fork(env);
        const startedAt = performance.now();
        all.add(worker);
        worker.on('message', (message: ToPrimary) => {
          if (message.kind === 'listening') {
            listening.add(worker);
            resolve(message.url);
          }
          onMessage(worker, message);
        });
        const end = (code: number | null, signal: string | null): void => {
          if (!all.delete(worker)) return;
          const livedMs = performance.now() - startedAt;
          onEnd({ worker, code, signal, wasListening: listening.delete(worker), livedMs });
          resolve(undefined);
        };
        worker.on('exit', end);
        worker.on('error', () => {
          // Other errors are of the line to it, and end it as well.
          if (worker.process.pid === undefined) end(null, null);
        });
      }),
  };
}
