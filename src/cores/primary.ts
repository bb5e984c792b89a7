// The process that answers nothing itself: it starts the workers, replaces those that are lost, and ends when all have.
// Connections are dealt out in turn, by node:cluster, and not by the kernel (SO_REUSEPORT): Node 20 cannot ask for that,
// and connections that wait at a worker when it closes its port would be lost.

import type { Worker } from 'node:cluster';

import { systemClock } from '../clock.js';
import { createCollector } from './collector.js';
import { createCrew, type EndedWorker } from './crew.js';
import type { ToPrimary, ToWorker } from './messages.js';

/** How long a lost worker's place is empty at first; doubled with each that did not live long. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** A worker that has lived so long is no part of a series of crashes. */
const LONG_LIFE_MS = 60_000;

export interface PrimaryOptions {
  readonly workers: number;
  /** What workers find in their environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLost: (lost: LostWorker) => void;
}

/** A worker that has ended unasked. */
export interface LostWorker {
  /** Its process id. */
  readonly worker: number | undefined;
  readonly code: number | null;
  readonly signal: string | null;
  /** When another one takes its place. */
  readonly pauseMs: number;
}

export interface Primary {
  /** Starts the workers; answers with their URL, or with nothing when one could not start and has said why. */
  listen(): Promise<string | undefined>;
  /** Tells them to stop, and waits until they have. Rejects when one did not end well. */
  close(signal: NodeJS.Signals): Promise<void>;
  /** Ends them at once. */
  kill(): void;
}

export function createPrimary({ workers, env, onLost }: PrimaryOptions): Primary {
  const collector = createCollector(systemClock);
  const nextPause = createPauses();
  let state: 'starting' | 'running' | 'stopping' = 'starting';
  /** Those that ended otherwise than they should. */
  const failed: EndedWorker[] = [];
  let stop: (worker: Worker) => void = () => undefined;
  let onEmpty: () => void = () => undefined;

  const onMessage = (worker: Worker, message: ToPrimary): void => {
    if (message.kind === 'metrics') collector.take(worker, message.id, message.metrics);
    else if (message.kind === 'listening') stop(worker);
    else void answer(worker, message.id, collector.collect(crew.listening));
  };
  const onEnd = (ended: EndedWorker): void => {
    const { worker, code, signal, wasListening, livedMs } = ended;
    collector.forget(worker);
    if (state === 'running') {
      const pauseMs = nextPause(livedMs);
      onLost({ worker: worker.process.pid, code, signal, pauseMs });
      setTimeout(() => {
        if (state === 'running') void crew.start();
      }, pauseMs);
    } else if (state === 'starting' || (wasListening && code !== 0)) failed.push(ended);
    if (crew.all.size === 0) onEmpty();
  };
  // Workers count themselves as we did: `auto` may come to something else by then.
  const crew = createCrew({ env: { ...env, GATEWAY_WORKERS: String(workers) }, onMessage, onEnd });
  return {
    async listen() {
      // One first: what keeps it from listening would keep all, and is said once.
      const url = await crew.start();
      if (url !== undefined) await Promise.all(Array.from({ length: workers - 1 }, crew.start));
      const mute = failed.find(({ code }) => code !== 1);
      if (mute !== undefined) throw new Error('a worker has ended before it could say why');
      state = 'running';
      return failed.length === 0 ? url : undefined;
    },
    async close(signal) {
      state = 'stopping';
      stop = (worker) => {
        tell(worker, { kind: 'stop', signal });
      };
      const empty = new Promise<void>((resolve) => (onEmpty = resolve));
      // Those that are still starting are told when they listen.
      crew.listening.forEach(stop);
      if (crew.all.size > 0) await empty;
      if (failed.length > 0) throw new Error('a worker did not end well');
    },
    kill() {
      for (const worker of crew.all) worker.process.kill('SIGKILL');
    },
  };
}

function createPauses(): (livedMs: number) => number {
  let crashes = 0;
  return (livedMs) => {
    crashes = livedMs < LONG_LIFE_MS ? crashes + 1 : 1;
    return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (crashes - 1));
  };
}

async function answer(worker: Worker, id: number, text: Promise<string>): Promise<void> {
  tell(worker, { kind: 'collected', id, text: await text });
}

function tell(worker: Worker, message: ToWorker): void {
  // Whoever cannot be told has ended, or is about to.
  worker.send(message, () => undefined);
}
