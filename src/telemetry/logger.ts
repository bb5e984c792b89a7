// The log of the process, to standard output: one JSON object per line, or one readable line at a terminal.

import { pino } from 'pino';

import { toReadableLine } from './readable-line.js';

const STDOUT = 1;
/** The text that a write waits for, at most for FLUSH_INTERVAL_MS. Not more: with each line sonic-boom measures all of it. */
const MIN_WRITE_BYTES = 4_096;
const FLUSH_INTERVAL_MS = 100;
/** While nothing reads the output, further lines are dropped. */
const MAX_PENDING_BYTES = 4_194_304;
/** How long the process waits at its end for the last lines to be written. */
const MAX_FLUSH_MS = 250;

export type ProcessLog = ReturnType<typeof createProcessLog>;

/**
 * Creates the logger of the process. On exit, call `discard` before other handlers run: pino's handler writes the
 * pending lines synchronously, and retries for ever if the reader of the output has stopped.
 * @param isTerminal whether a person reads it.
 */
export function createProcessLog(level: string, isTerminal = false) {
  const destination = pino.destination({
    dest: STDOUT,
    sync: false,
    minLength: MIN_WRITE_BYTES,
    maxWrite: MIN_WRITE_BYTES + 1,
    maxLength: MAX_PENDING_BYTES,
    periodicFlush: FLUSH_INTERVAL_MS,
  });
  const readable = { write: (line: string) => destination.write(toReadableLine(line)) };
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(options, isTerminal ? readable : destination);
  let droppedLines = 0;
  destination.on('drop', () => {
    droppedLines += 1;
  });
  destination.on('drain', () => {
    if (droppedLines > 0) logger.warn({ droppedLines }, 'log lines were dropped: standard output was not read');
    droppedLines = 0;
  });
  // A full disk must not end the process. pino handles a closed reader (EPIPE).
  destination.on('error', () => undefined);
  return {
    logger,
    /** Resolves when all lines are written, at the latest after MAX_FLUSH_MS. */
    flush: () =>
      new Promise<void>((resolve) => {
        setTimeout(resolve, MAX_FLUSH_MS);
        destination.flush(() => {
          resolve();
        });
      }),
    /** Drops the pending lines. */
    discard: () => {
      destination.destroy();
    },
  };
}
