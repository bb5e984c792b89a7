// The log of the process, to standard output: one JSON object per line, or one readable line at a terminal.

import { pino } from 'pino';

import { toReadableLine } from './readable-line.js';

const STDOUT = 1;
/**
 * Lines are written when there is this much of them, and at the latest after FLUSH_INTERVAL_MS. Not more: sonic-boom measures
 * all text that waits again for each line.
 */
const MIN_WRITE_BYTES = 4_096;
const FLUSH_INTERVAL_MS = 100;
/** Further lines are dropped while nobody reads the output. */
const MAX_PENDING_BYTES = 4_194_304;
/** How long the end of the process waits for the last lines to be written. */
const MAX_FLUSH_MS = 250;

export type ProcessLog = ReturnType<typeof createProcessLog>;

/**
 * Creates the logger of the process. Call `discard` when the process exits, before other handlers: pino writes what is
 * left synchronously then, and retries for ever where the reader of the output has stopped or is gone.
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
    if (droppedLines > 0) logger.warn({ droppedLines }, 'log lines were dropped: nobody read standard output');
    droppedLines = 0;
  });
  // A full disk behind the output is no reason to end. pino handles a reader that is gone (EPIPE).
  destination.on('error', () => undefined);
  return {
    logger,
    /** Resolves when all lines are written; after MAX_FLUSH_MS where nobody reads the output. */
    flush: () =>
      new Promise<void>((resolve) => {
        setTimeout(resolve, MAX_FLUSH_MS);
        destination.flush(() => {
          resolve();
        });
      }),
    /** Drops the lines that are not written. */
    discard: () => {
      destination.destroy();
    },
  };
}
