// A worker's end of the line to its primary. It stops when the primary says so, or is gone; signals are not for it, since
// a terminal sends them to both.

import cluster from 'node:cluster';

import type { MetricsDump, Siblings } from '../telemetry/aggregate-metrics.js';
import type { ToPrimary, ToWorker } from './messages.js';

export interface ToldByPrimary {
  readonly siblings: Siblings;
  /** The gateway may be asked from now on; this is its URL. */
  listening(url: string): void;
  /** What to do when it is time to stop, also when it is already. Without a signal the primary is gone. */
  onStop(task: (signal?: NodeJS.Signals) => void): void;
}

/** The line to the primary of this process; undefined: it is one itself. */
export function joinPrimary(): ToldByPrimary | undefined {
  const { worker } = cluster;
  if (worker === undefined) return undefined;
  const line = createMetricsLine((message) => {
    worker.send(message, () => undefined);
  });
  let stop: (signal?: NodeJS.Signals) => void = () => undefined;
  const stopped = new Promise<NodeJS.Signals | undefined>((resolve) => (stop = resolve));
  worker.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stop(message.signal);
    else line.take(message);
  });
  worker.on('disconnect', () => {
    // Node would end the process here and now, whatever is in flight.
    worker.exitedAfterDisconnect = true;
    line.cut();
    stop();
  });
  return {
    siblings: line.siblings,
    listening: (url) => {
      worker.send({ kind: 'listening', url } satisfies ToPrimary);
    },
    onStop: (task) => {
      void stopped.then(task);
    },
  };
}

function createMetricsLine(tell: (message: ToPrimary) => void) {
  const waiting = new Map<number, (text: string | undefined) => void>();
  let read: () => Promise<MetricsDump> = () => Promise.resolve([]);
  let isCut = false;
  let lastId = 0;
  const siblings: Siblings = {
    offer: (own) => {
      read = own;
    },
    async collect() {
      if (isCut) return undefined;
      const id = ++lastId;
      const text = await new Promise<string | undefined>((resolve) => {
        waiting.set(id, resolve);
        tell({ kind: 'collect', id });
      });
      waiting.delete(id);
      return text;
    },
  };
  return {
    siblings,
    take(message: Exclude<ToWorker, { kind: 'stop' }>): void {
      if (message.kind === 'collected') waiting.get(message.id)?.(message.text);
      else
        void read().then((metrics) => {
          tell({ kind: 'metrics', id: message.id, metrics });
        });
    },
    cut(): void {
      isCut = true;
      for (const give of waiting.values()) give(undefined);
    },
  };
}
