// The thread that parses large bodies. If it runs out of memory over one of them, or fails, that is the end of this report
// alone: the next one gets a new thread.

import { Worker } from 'node:worker_threads';

import { UpstreamError } from '../../errors.js';
import type { ParseResult, ParseTask } from './parser-worker.js';

/** For the objects of a body that is not what ScaleOps usually sends; the bytes themselves are not counted. */
const MAX_HEAP_MB = 1_024;

export function createParserThread({ maxHeapMb = MAX_HEAP_MB } = {}) {
  let worker: Worker | undefined;
  let isClosed = false;
  /** Fails the task that is running. */
  let fail: (error?: unknown) => void = () => undefined;

  const start = (): Worker => {
    const started = new Worker(new URL('./parser-worker.js', import.meta.url), {
      // The thread needs none of the secrets in the environment.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    const onEnd = (error: unknown): void => {
      // An exit follows an error; by then there may be a new thread.
      if (worker !== started) return;
      worker = undefined;
      fail(error);
    };
    // Without a listener for errors, one would end the process.
    started.on('error', onEnd).on('exit', onEnd);
    return started;
  };
  const run = (current: Worker, task: ParseTask): Promise<ParseResult> =>
    new Promise<ParseResult>((resolve, reject) => {
      fail = (error) => {
        reject(toUpstreamError(error, isClosed));
      };
      current.once('message', resolve);
      current.postMessage(
        task,
        task.blocks.map(({ buffer }) => buffer as ArrayBuffer),
      );
    });

  return {
    /**
     * Parses a body; one at a time. The blocks are transferred, and cannot be used afterwards.
     * @param keepsBody whether the body is returned as well, in one piece.
     * @throws UpstreamError when the thread fails or is closed.
     */
    async parse(blocks: readonly Uint8Array[], keepsBody: boolean): Promise<ParseResult> {
      if (isClosed) throw toUpstreamError(undefined, isClosed);
      const current = (worker ??= start());
      current.ref();
      try {
        return await run(current, { blocks, keepsBody });
      } finally {
        current.removeAllListeners('message');
        // An idle thread does not keep the process alive.
        current.unref();
      }
    },
    async close(): Promise<void> {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

/** Whether a view covers all of its memory. */
export function ownsItsMemory({ buffer, byteLength }: Uint8Array): boolean {
  return buffer.byteLength === byteLength;
}

function toUpstreamError(error: unknown, isClosed: boolean): UpstreamError {
  // The same reason as for a connection that is closed during a call: the gateway is shutting down.
  if (isClosed) return new UpstreamError('UPSTREAM_UNAVAILABLE', { reason: 'UND_ERR_DESTROYED' });
  if ((error as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new UpstreamError('UPSTREAM_RESPONSE_TOO_LARGE', { reason: 'parser thread out of memory' });
  }
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', { reason: 'parser thread failed' });
}
