// The metrics of all workers, whichever of them was asked. Who does not answer in time is left out but for what it has
// counted so far, and so are those that have ended: what is counted never falls.

import type { Worker } from 'node:cluster';

import type { Clock } from '../clock.js';
import { addCounts, toCounts, toText, type MetricsDump } from '../telemetry/merged-metrics.js';
import type { ToWorker } from './messages.js';

/** How long a worker may take. */
const PATIENCE_MS = 1_000;

export interface Collector {
  /** The metrics of these, as text. */
  collect(workers: Iterable<Worker>): Promise<string>;
  /** A worker answers. */
  take(worker: Worker, id: number, metrics: MetricsDump): void;
  /** A worker has ended. */
  forget(worker: Worker): void;
}

export function createCollector(clock: Clock): Collector {
  /** What each said last. */
  const said = new Map<Worker, MetricsDump>();
  const waiting = new Map<number, (metrics: MetricsDump | undefined) => void>();
  let ofEnded: Promise<MetricsDump> = Promise.resolve([]);
  let lastId = 0;

  const ask = async (worker: Worker): Promise<MetricsDump> => {
    const id = ++lastId;
    const answer = await new Promise<MetricsDump | undefined>((resolve) => {
      const callOff = clock.after(PATIENCE_MS, () => {
        resolve(undefined);
      });
      waiting.set(id, (metrics) => {
        callOff();
        resolve(metrics);
      });
      worker.send({ kind: 'read', id } satisfies ToWorker, () => undefined);
    });
    waiting.delete(id);
    return answer ?? toCounts(said.get(worker) ?? []);
  };
  return {
    async collect(workers) {
      const current = await Promise.all([...workers].map(ask));
      return toText([...current, await ofEnded]);
    },
    take(worker, id, metrics) {
      said.set(worker, metrics);
      waiting.get(id)?.(metrics);
    },
    forget(worker) {
      const counts = said.get(worker);
      if (counts === undefined || !said.delete(worker)) return;
      ofEnded = ofEnded.then((before) => addCounts(before, counts));
    },
  };
}
