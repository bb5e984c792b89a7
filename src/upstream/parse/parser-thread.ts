// The thread that large bodies are read in. It may run out of memory over one of them, or break: that is the end of this
// report alone, and the next one gets a new thread.

import { Worker } from 'node:worker_threads';

import { UpstreamError } from '../../errors.js';
import type { ReadingResult, ReadingTask } from './parser-worker.js';

/** Of the objects that are made where a body is not what ScaleOps usually sends; the bytes themselves are beside it. */
const MAX_HEAP_MB = 1_024;

export interface ReadingThread {
  /** Reads a body; one at a time. The blocks are gone then; the whole comes back where it is wanted. @throws UpstreamError */
  read(blocks: readonly Uint8Array[], keepsBody: boolean): Promise<ReadingResult>;
  close(): Promise<void>;
}

export function createReadingThread({ maxHeapMb = MAX_HEAP_MB } = {}): ReadingThread {
  let worker: Worker | undefined;
  let isClosed = false;
  /** Ends the reading that is under way. */
  let fail: (error?: unknown) => void = () => undefined;

  const start = (): Worker => {
    const started = new Worker(new URL('./parser-worker.js', import.meta.url), {
      // It needs none of the secrets that are there.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    const onEnd = (error: unknown): void => {
      // After an error comes the exit, and by then there may be another one.
      if (worker !== started) return;
      worker = undefined;
      fail(error);
    };
    // An error that nobody listens for would be the end of the process.
    started.on('error', onEnd).on('exit', onEnd);
    return started;
  };
  const run = (current: Worker, task: ReadingTask): Promise<ReadingResult> =>
    new Promise<ReadingResult>((resolve, reject) => {
      fail = (error) => {
        reject(toOwnError(error, isClosed));
      };
      current.once('message', resolve);
      current.postMessage(
        task,
        task.blocks.map(({ buffer }) => buffer as ArrayBuffer),
      );
    });

  return {
    async read(blocks, keepsBody) {
      if (isClosed) throw toOwnError(undefined, isClosed);
      const current = (worker ??= start());
      current.ref();
      try {
        return await run(current, { blocks, keepsBody });
      } finally {
        current.removeAllListeners('message');
        // Nothing waits for an idle thread, the end of the process neither.
        current.unref();
      }
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

/** Whether a view is of all of its memory. */
export function isAlone({ buffer, byteLength }: Uint8Array): boolean {
  return buffer.byteLength === byteLength;
}

function toOwnError(error: unknown, isClosed: boolean): UpstreamError {
  // As a connection that is closed under a call: of our own making.
  if (isClosed) return new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: 'UND_ERR_DESTROYED' });
  if ((error as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'more than the reader has room for' });
  }
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'the reader broke' });
}
