// The metrics of all workers, whichever of them was asked. Who does not answer in time is left out but for what it has
// counted so far, and so are those that have ended: what is counted never falls.

import type { Worker } from 'node:cluster';

import type { Clock } from '../clock.js';
import { addCounts, toCounts, toText, type MetricsDump } from '../telemetry/aggregate-metrics.js';
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
  const waiting = new Map<number, () => void>();
  let ofEnded: Promise<MetricsDump> = Promise.resolve([]);
  let lastId = 0;

  /** Whether it has answered. */
  const ask = async (worker: Worker): Promise<boolean> => {
    const id = ++lastId;
    const hasAnswered = await new Promise<boolean>((resolve) => {
      const callOff = clock.after(PATIENCE_MS, () => {
        resolve(false);
      });
      waiting.set(id, () => {
        callOff();
        resolve(true);
      });
      worker.send({ kind: 'read', id } satisfies ToWorker, (error) => {
        if (error !== null) resolve(false);
      });
    });
    waiting.delete(id);
    return hasAnswered;
  };
  return {
    async collect(workers) {
      const asked = [...workers];
      const answered = await Promise.all(asked.map(ask));
      // Those that have ended meanwhile are in `ofEnded` now, and must not be in both.
      const current = asked.map((worker, index) => {
        const dump = said.get(worker) ?? [];
        return answered[index] ? dump : toCounts(dump);
      });
      return toText([...current, await ofEnded]);
    },
    take(worker, id, metrics) {
      if (!worker.isDead()) said.set(worker, metrics);
      waiting.get(id)?.();
    },
    forget(worker) {
      const counts = said.get(worker);
      if (counts === undefined || !said.delete(worker)) return;
      ofEnded = ofEnded.then((before) => addCounts(before, counts));
    },
  };
}
